//! Mail over SMTP. The `Message-ID` is the notice's name, by which servers and readers know a repetition.

use std::path::Path;
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message as Letter, Tokio1Executor};
use stanch_revokers::config::Config;

use super::http::Wire;
use super::key::Key;
use super::settings::Tls as Encryption;
use super::template::{Message, Templates};
use super::text::Format;
use super::{Notice, Sent, Unsent, settings};
use crate::config::ConfigError;

/// For each word of the server, and for the whole.
const PATIENCE: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_mins(2);

pub(super) struct Channel {
    config: settings::Mail,
    from: Mailbox,
    to: Vec<Mailbox>,
    password: Option<Key>,
    tls: Tls,
    templates: Templates,
}

impl Channel {
    pub(super) fn new(config: &settings::Mail, folder: &Path, network: &Config) -> Result<Self, ConfigError> {
        let fail =
            |detail: String| ConfigError::new("configuration", format!("mail over `{}`: {detail}", config.server));
        let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|error| fail(format!("`{text}`: {error}")));
        let parameters = || parameters(&config.server, network.http.ca.as_deref()).map_err(fail);
        let tls = match config.tls {
            Encryption::Implicit => Tls::Wrapper(parameters()?),
            Encryption::Starttls => Tls::Required(parameters()?),
            Encryption::None => Tls::None,
        };
        Ok(Self {
            from: mailbox(&config.from)?,
            to: config.to.iter().map(mailbox).collect::<Result<_, _>>()?,
            password: config.password.as_ref().map(|source| Key::new("password", source)),
            tls,
            templates: Templates::load(&config.templates, folder, &[Format::Plain, Format::Html])?,
            config: config.clone(),
        })
    }

    pub(super) async fn send(&self, wire: &Wire, notice: &Notice) -> Result<Sent, Unsent> {
        if wire.client.is_offline() {
            return Err(Unsent::failed("offline: nobody is called"));
        }
        let to = self.recipients(&notice.view.owner.technical);
        if to.is_empty() {
            return Ok(Sent::Nothing);
        }
        let letter = self.letter(notice, to)?;
        let transport = self.transport(wire).await?;
        let sent = tokio::time::timeout(WHOLE, transport.send(letter)).await;
        let outcome = match sent {
            Ok(Ok(_)) => Ok(Sent::Told),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(_) => Err(Unsent::retry("the mail server took too long")),
        };
        match &self.password {
            Some(key) => key.judge(outcome).await,
            None => outcome,
        }
    }

    /// Who gets it: the configured ones, and the owner where that is somebody of ours.
    fn recipients(&self, owner: &str) -> Vec<Mailbox> {
        let mut to = self.to.clone();
        for address in owner.split_whitespace().filter_map(|word| word.parse::<lettre::Address>().ok()) {
            let ours = self.config.owner_domains.iter().any(|domain| domain.eq_ignore_ascii_case(address.domain()));
            if ours && !to.iter().any(|known| known.email == address) {
                to.push(Mailbox::new(None, address));
            }
        }
        to
    }

    fn letter(&self, notice: &Notice, to: Vec<Mailbox>) -> Result<Letter, Unsent> {
        let render = |format| {
            self.templates.render(format, &notice.view).map_err(|why: ConfigError| Unsent::failed(why.to_string()))
        };
        let (text, page) = (render(Format::Plain)?, render(Format::Html)?);
        let domain = self.from.email.domain();
        let header = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let mut letter = Letter::builder()
            .from(self.from.clone())
            .subject(text.title.clone())
            .message_id(Some(format!("<{}@{domain}>", notice.id)))
            .references(format!("<{}@{domain}>", notice.incident))
            // Nobody's absence is to be told to us (<https://www.rfc-editor.org/rfc/rfc3834>).
            .raw_header(header("Auto-Submitted", "auto-generated"));
        for one in to {
            letter = letter.to(one);
        }
        let body = MultiPart::alternative_plain_html(text.body.clone(), html(&page));
        letter.multipart(body).map_err(|error| Unsent::failed(error.to_string()))
    }

    async fn transport(&self, wire: &Wire) -> Result<AsyncSmtpTransport<Tokio1Executor>, Unsent> {
        let port = match self.config.tls {
            _ if self.config.port.is_some() => self.config.port.unwrap_or_default(),
            Encryption::Implicit => smtp::SUBMISSIONS_PORT,
            Encryption::Starttls => smtp::SUBMISSION_PORT,
            Encryption::None => smtp::SMTP_PORT,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.config.server.clone())
            .port(port)
            .tls(self.tls.clone())
            .timeout(Some(PATIENCE));
        if let (Some(user), Some(password)) = (&self.config.user, &self.password) {
            let password = password.get(&wire.responders).await?;
            builder = builder.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        Ok(builder.build())
    }
}

/// What a handshake is made with: the system's authorities, and those of `http.ca`.
fn parameters(server: &str, ca: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(server.to_owned());
    if let Some(path) = ca {
        let pem = std::fs::read(path).map_err(|error| format!("`http.ca` ({}): {error}", path.display()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| error.to_string())?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|error| error.to_string())
}

/// What went wrong, without what the server said: it may repeat what we said.
fn unsent(error: &smtp::Error) -> Unsent {
    let status = error.status().map(|code| format!(" ({code})")).unwrap_or_default();
    match error {
        error if error.is_permanent() => Unsent::failed(format!("the mail server refuses{status}")),
        error if error.is_transient() => Unsent::retry(format!("the mail server cannot now{status}")),
        error if error.is_client() => {
            Unsent::failed("the mail server offers no STARTTLS, or no way to log in that we know")
        }
        error if error.is_tls() => {
            Unsent::failed("the TLS handshake with the mail server failed (`http.ca` names more authorities)")
        }
        error if error.is_timeout() => Unsent::retry("the mail server took too long"),
        _ => Unsent::retry("the connection to the mail server broke off"),
    }
}

/// The body as a page: each line a paragraph.
fn html(message: &Message) -> String {
    let mut page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"></head><body>\n".to_owned();
    let title = Format::Html.strong(&message.title);
    let lines = message.body.lines().filter(|line| !line.trim().is_empty());
    for line in std::iter::once(title.as_str()).chain(lines) {
        page.push_str(&format!("<p>{line}</p>\n"));
    }
    page + "</body></html>\n"
}
