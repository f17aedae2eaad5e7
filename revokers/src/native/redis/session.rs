//! A connection to Redis or Valkey in their own protocol, RESP (<https://redis.io/docs/latest/develop/reference/protocol-spec/>), of which a few
//! commands need very little.

use std::pin::Pin;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use zeroize::Zeroizing;

use crate::dial::{Dialled, Wire};
use crate::http::Payer;
use crate::native::login::{Login, Tls};
use crate::{Context, Why};

/// The most that is read of one text, in bytes.
const TEXT_MAX: usize = 1 << 20;
/// The most elements of a list, and how deep lists may lie in lists.
const LIST_MAX: usize = 4096;
const DEPTH_MAX: u8 = 8;

/// The most that is read of one answer, in bytes, with all that lies in it.
const ANSWER_MAX: u64 = 8 << 20;

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Text(String),
    Number(i64),
    List(Vec<Reply>),
    Nothing,
    /// An error: its first word is its code, `WRONGPASS`, `NOPERM`.
    Refused(String),
}

impl Reply {
    /// The code of an error.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(text) => text.split(' ').next(),
            _ => None,
        }
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A connection.
pub(super) struct Session {
    wire: BufReader<Box<dyn Wire>>,
}

impl Session {
    /// Connects; nobody is logged in yet. Where `ours` is at stake, nothing goes over the Internet in clear.
    pub(super) async fn connect(cx: &Context, login: &Login, payer: &Payer, ours: bool) -> Result<Self, Why> {
        let Dialled { stream, public } = cx.http.dial(&login.place, payer).await?;
        // The protocol has no word to ask for TLS: the scheme says it.
        let wire = match login.tls {
            Tls::Always => cx.http.encrypt(stream, &login.place.host).await?,
            _ if ours && public => {
                let detail = "the responder's password goes over the Internet in TLS only: give it `tls = { value = 'require' }`";
                return Err(Why::Other { detail: detail.to_owned() });
            }
            _ => Box::new(stream),
        };
        Ok(Self { wire: BufReader::new(wire) })
    }

    /// Sends a command and reads the answer.
    pub(super) async fn say(&mut self, cx: &Context, words: &[&str]) -> Result<Reply, Why> {
        let mut text = Zeroizing::new(format!("*{}\r\n", words.len()));
        for word in words {
            text.push_str(&format!("${}\r\n", word.len()));
            text.push_str(word);
            text.push_str("\r\n");
        }
        let broken = |_| Why::Transport { detail: "the connection broke off".to_owned(), sent: true };
        let saying = async {
            self.wire.write_all(text.as_bytes()).await.map_err(broken)?;
            self.wire.flush().await.map_err(broken)?;
            read(&mut (&mut self.wire).take(ANSWER_MAX), 0).await
        };
        cx.http.within(saying).await
    }
}

/// For the fuzz targets: whatever a server says is read, or refused.
#[cfg(fuzzing)]
pub(crate) fn fuzz(said: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let _ = runtime.block_on(read(&mut &*said, 0));
}

fn foreign() -> Why {
    Why::Other { detail: "this is no Redis: the answer is not of its protocol".to_owned() }
}

/// Reads one value.
fn read<'a, R>(wire: &'a mut R, depth: u8) -> Pin<Box<dyn Future<Output = Result<Reply, Why>> + Send + 'a>>
where
    R: AsyncBufRead + Unpin + Send,
{
    Box::pin(async move {
        let head = line(wire).await?;
        let (kind, rest) = head.split_at_checked(1).ok_or_else(foreign)?;
        let number = || rest.parse::<i64>().map_err(|_| foreign());
        match kind {
            "+" => Ok(Reply::Text(rest.to_owned())),
            "-" => Ok(Reply::Refused(rest.to_owned())),
            ":" => Ok(Reply::Number(number()?)),
            "$" => text(wire, number()?).await,
            "*" if depth < DEPTH_MAX => {
                let Ok(length) = usize::try_from(number()?) else { return Ok(Reply::Nothing) };
                if length > LIST_MAX {
                    return Err(Why::TooLarge { limit: LIST_MAX });
                }
                let mut items = Vec::new();
                for _ in 0..length {
                    items.push(read(wire, depth + 1).await?);
                }
                Ok(Reply::List(items))
            }
            _ => Err(foreign()),
        }
    })
}

async fn text<R: AsyncBufRead + Unpin + Send>(wire: &mut R, length: i64) -> Result<Reply, Why> {
    let Ok(length) = usize::try_from(length) else { return Ok(Reply::Nothing) };
    if length > TEXT_MAX {
        return Err(Why::TooLarge { limit: TEXT_MAX });
    }
    let mut bytes = vec![0; length + 2];
    let broken = |_| Why::Transport { detail: "the connection broke off".to_owned(), sent: true };
    wire.read_exact(&mut bytes).await.map_err(broken)?;
    bytes.truncate(length);
    Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Reads a line of the protocol, without its end.
async fn line<R: AsyncBufRead + Unpin + Send>(wire: &mut R) -> Result<String, Why> {
    const LINE_MAX: u64 = 4096;
    let broken = |_| Why::Transport { detail: "the connection broke off".to_owned(), sent: true };
    let mut bytes = Vec::new();
    wire.take(LINE_MAX).read_until(b'\n', &mut bytes).await.map_err(broken)?;
    if bytes.is_empty() {
        return Err(Why::Transport { detail: "the server closed the connection".to_owned(), sent: true });
    }
    let text = bytes.strip_suffix(b"\r\n").ok_or_else(foreign)?;
    String::from_utf8(text.to_vec()).map_err(|_| foreign())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Reply, Why> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap_or_else(|error| panic!("{error}"));
        let mut bytes = text.as_bytes();
        runtime.block_on(read(&mut bytes, 0))
    }

    #[test]
    fn values_of_the_protocol_are_read_and_others_refused() {
        let text = |text: &str| Reply::Text(text.to_owned());
        assert_eq!(parse("+PONG\r\n"), Ok(text("PONG")));
        assert_eq!(
            parse("*3\r\n$2\r\non\r\n:-7\r\n*1\r\n$-1\r\n"),
            Ok(Reply::List(vec![text("on"), Reply::Number(-7), Reply::List(vec![Reply::Nothing])]))
        );
        assert_eq!(parse("-WRONGPASS invalid\r\n").as_ref().map(Reply::code), Ok(Some("WRONGPASS")));
        for hostile in [
            "",
            "HTTP/1.1 400 Bad Request\r\n",
            "+PONG",
            "$9999999999\r\n",
            "*999999\r\n",
            "$5\r\nab",
            &"*1\r\n".repeat(20),
        ] {
            assert!(parse(hostile).is_err(), "{hostile}");
        }
    }
}
