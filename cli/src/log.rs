//! What goes on inside, told on stderr; and, where the build has it, as spans to a collector of OpenTelemetry.
//!
//! Only what our own rooms say is sent: a library's events could quote an address, ours hold no secret.

#[cfg(not(feature = "otel"))]
use stanch_revokers::config::Config;
use tracing::Level;

#[cfg(not(feature = "otel"))]
use crate::exit::CliError;

/// How much is told, by how often `-v` was said.
pub(crate) const fn level(verbose: u8) -> Level {
    match verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    }
}

/// Tells on stderr from now on.
pub(crate) fn start(level: Level) {
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    subscriber.with_ansi(false).without_time().init();
}

/// Spans on their way: of this build, none.
#[cfg(not(feature = "otel"))]
pub(crate) struct Spans;

/// Tells on stderr. A collector cannot be told by this build.
#[cfg(not(feature = "otel"))]
pub(crate) fn start_with(level: Level, collector: Option<&str>, _network: &Config) -> Result<Option<Spans>, CliError> {
    if collector.is_some() {
        return Err(CliError::new("this build sends no traces, and `serve.traces` asks for them")
            .hint("build it with `--features otel`, or leave `serve.traces` out"));
    }
    start(level);
    Ok(None)
}

#[cfg(feature = "otel")]
pub(crate) use spans::start_with;

#[cfg(feature = "otel")]
mod spans {
    use std::net::IpAddr;
    use std::sync::Arc;

    use async_trait::async_trait;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use stanch_revokers::config::Config;
    use stanch_revokers::http::{Call, Client, Payer, Repeat};
    use tokio::runtime::Handle;
    use tracing::Level;
    use tracing::instrument::WithSubscriber as _;
    use tracing::subscriber::NoSubscriber;
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
    use tracing_subscriber::util::SubscriberInitExt as _;

    use crate::exit::CliError;

    /// Spans on their way; what is left of them is sent when this is dropped.
    pub(crate) struct Spans(SdkTracerProvider);

    impl Drop for Spans {
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!(%error, "the last spans were not sent");
            }
        }
    }

    /// Tells on stderr, and a collector, if one is named. It is called where the runtime is.
    pub(crate) fn start_with(
        level: Level,
        collector: Option<&str>,
        network: &Config,
    ) -> Result<Option<Spans>, CliError> {
        let Some(collector) = collector else {
            super::start(level);
            return Ok(None);
        };
        let provider = provider(collector, network)?;
        let ours = Targets::new().with_target("stanch", Level::INFO);
        let spans = tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_tracer(provider.tracer("stanch"))
            .with_filter(ours);
        let told = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).without_time();
        let told = told.with_filter(LevelFilter::from_level(level));
        tracing_subscriber::registry().with(spans).with(told).init();
        Ok(Some(Spans(provider)))
    }

    fn provider(collector: &str, network: &Config) -> Result<SdkTracerProvider, CliError> {
        let wrong = |why: &dyn std::fmt::Display| CliError::new(format!("`serve.traces`: {why}"));
        if !is_private(collector) {
            return Err(wrong(&"spans leave this machine over https only, and no password stands in the address"));
        }
        let client = Client::new(network, false).map_err(|error| wrong(&error))?;
        let wire = Wire { client: Arc::new(client), runtime: Handle::current() };
        let exporter = SpanExporter::builder().with_http().with_http_client(wire).with_endpoint(collector);
        let exporter = exporter.with_protocol(Protocol::HttpJson).build().map_err(|error| wrong(&error))?;
        let resource = Resource::builder_empty()
            .with_service_name("stanch")
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
    }

    /// Whether nobody can listen on the way, and nothing secret stands in it.
    fn is_private(address: &str) -> bool {
        let Ok(call) = Call::configured("POST", address) else { return false };
        let url = call.url();
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let near = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let secure = url.scheme() == "https" || (url.scheme() == "http" && near);
        secure && url.username().is_empty() && url.password().is_none() && url.query().is_none()
    }

    /// Sends by the one HTTP client. Whoever exports has a thread of its own, and no runtime.
    #[derive(Debug)]
    struct Wire {
        client: Arc<Client>,
        runtime: Handle,
    }

    impl Wire {
        async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
            let mut call = Call::configured(request.method().as_str(), &request.uri().to_string())?;
            call.body("application/json", String::from_utf8(request.into_body().to_vec())?)?;
            let client = Arc::clone(&self.client);
            let payer = Payer { provider: "traces".to_owned(), ..Payer::default() };
            let sending = async move { client.send(&call, &payer, Repeat::Never).await };
            // That spans are sent is no span: it would have to be sent, too.
            let answer = self.runtime.spawn(sending.with_subscriber(NoSubscriber::default())).await??;
            Ok(Response::builder().status(answer.status).body(Bytes::copy_from_slice(answer.bytes()))?)
        }
    }

    #[async_trait]
    impl HttpClient for Wire {
        async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
            let answer = self.send(request).await;
            // Whoever exports tells nobody of it.
            match &answer {
                Ok(answer) if answer.status().is_success() => {}
                Ok(answer) => tracing::warn!(status = answer.status().as_u16(), "the collector took no spans"),
                Err(error) => tracing::warn!(%error, "no spans were sent"),
            }
            answer
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn spans_leave_this_machine_in_tls_only() {
            for near in ["https://otel.example.com/v1/traces", "http://127.0.0.1:4318/v1/traces", "http://[::1]:4318/"]
            {
                assert!(is_private(near), "{near}");
            }
            let word = format!("https://ann:{}@otel.example.com/", "word");
            for other in [
                "http://otel.example.com/",
                "http://10.0.0.1/",
                &word,
                "ftp://127.0.0.1/",
                "https://a.example/?key=x",
                "x",
            ] {
                assert!(!is_private(other), "{other}");
            }
        }
    }
}
