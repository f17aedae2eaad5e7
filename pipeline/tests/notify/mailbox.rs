//! A mail server on loopback, as much of it as a letter needs (<https://www.rfc-editor.org/rfc/rfc5321>).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A letter that arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Letter {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) text: String,
}

/// The server. It ends with the test's process.
pub(crate) struct Mailbox {
    pub(crate) address: SocketAddr,
    letters: Arc<Mutex<Vec<Letter>>>,
    said: Arc<Mutex<String>>,
}

impl Mailbox {
    /// A server that answers some verbs as it is told, `("MAIL", "451 later")`, and everything else well. An empty answer is the end.
    pub(crate) fn start(answers: &[(&'static str, &'static str)]) -> Self {
        Self::serve(answers, None)
    }

    /// The same with TLS: from the start, or when the client asks for it.
    pub(crate) fn with_tls(config: Arc<ServerConfig>, implicit: bool) -> Self {
        Self::serve(&[], Some((config, implicit)))
    }

    fn serve(answers: &[(&'static str, &'static str)], tls: Option<(Arc<ServerConfig>, bool)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let mailbox = Self { address, letters: Arc::default(), said: Arc::default() };
        let (letters, said) = (Arc::clone(&mailbox.letters), Arc::clone(&mailbox.said));
        let clerk = Clerk { answers: answers.to_vec(), letters, said, tls };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away ends its talk, and nothing else.
                let _ = clerk.receive(stream);
            }
        });
        mailbox
    }

    /// The section of a channel that uses it without TLS.
    pub(crate) fn section(&self, more: &str) -> String {
        format!(
            "server = '127.0.0.1'\nport = {}\ntls = 'none'\nfrom = 'stanch@example.com'\n{more}",
            self.address.port()
        )
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The only letter.
    pub(crate) fn letter(&self) -> Letter {
        let [letter] = self.letters().try_into().unwrap_or_else(|all: Vec<Letter>| panic!("{all:?}"));
        letter
    }

    /// Everything that was said to it.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Who answers.
struct Clerk {
    answers: Vec<(&'static str, &'static str)>,
    letters: Arc<Mutex<Vec<Letter>>>,
    said: Arc<Mutex<String>>,
    tls: Option<(Arc<ServerConfig>, bool)>,
}

impl Clerk {
    fn receive(&self, mut stream: TcpStream) -> std::io::Result<()> {
        const WELCOME: &[u8] = b"220 mail.example.com ESMTP\r\n";
        if let Some((config, true)) = &self.tls {
            let mut stream = secure(config, stream)?;
            stream.write_all(WELCOME)?;
            return self.talk(&mut BufReader::new(stream)).map(|_| ());
        }
        stream.write_all(WELCOME)?;
        let mut reader = BufReader::new(stream);
        match (self.talk(&mut reader)?, &self.tls) {
            (true, Some((config, _))) => {
                self.talk(&mut BufReader::new(secure(config, reader.into_inner())?)).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Talks until the client goes; `true` if it wants TLS first.
    fn talk(&self, reader: &mut BufReader<impl Read + Write>) -> std::io::Result<bool> {
        let mut letter = Letter::default();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(false);
            }
            self.heard(&line);
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let told = self.answers.iter().find(|(known, _)| *known == verb).map(|(_, answer)| *answer);
            let answer = match (told, verb.as_str()) {
                (Some(""), _) => return Ok(false),
                (Some(answer), _) => answer,
                (None, "EHLO") if self.tls.is_some() => "250-mail.example.com\r\n250-STARTTLS\r\n250 AUTH PLAIN",
                (None, "EHLO") => "250-mail.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN",
                (None, "STAR") => {
                    reader.get_mut().write_all(b"220 go on\r\n")?;
                    return Ok(true);
                }
                (None, "AUTH") => "235 welcome",
                (None, "MAIL") => {
                    letter.sender = address();
                    "250 ok"
                }
                (None, "RCPT") => {
                    letter.recipients.push(address());
                    "250 ok"
                }
                (None, "DATA") => {
                    reader.get_mut().write_all(b"354 go on\r\n")?;
                    letter.text = text(reader)?;
                    self.heard(&letter.text);
                    self.letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
                    "250 taken"
                }
                (None, "QUIT") => "221 bye",
                _ => "500 what?",
            };
            reader.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
            reader.get_mut().flush()?;
        }
    }

    fn heard(&self, text: &str) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }
}

fn secure(config: &Arc<ServerConfig>, stream: TcpStream) -> std::io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

/// The lines up to the one with a dot.
fn text(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
