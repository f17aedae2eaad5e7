//! Where a description's paths begin: <https://spec.openapis.org/oas/v3.1.1.html#server-object>, and `host`, `basePath` of Swagger 2.

use serde_json::Value;

use crate::double::Pattern;

/// A host, and what stands before each path.
#[derive(Debug, Clone)]
pub(super) struct Server {
    host: Pattern,
    /// Without a slash at the end.
    base: String,
}

impl Server {
    /// Reads `https://{region}.api.example.com/v1`. Variables are holes.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (_, rest) = url.split_once("://").or_else(|| Some(("", url.strip_prefix("//")?)))?;
        let (host, base) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
        Some(Self {
            host: Pattern::host(&host.to_ascii_lowercase()).ok()?,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// Those of an array of server objects, if there is one.
    pub(super) fn listed(holder: &Value) -> Option<Vec<Self>> {
        let servers = holder.get("servers")?.as_array()?;
        Some(servers.iter().filter_map(|server| Self::parse(server.get("url")?.as_str()?)).collect())
    }

    /// Those of a whole document.
    pub(super) fn of(document: &Value) -> Vec<Self> {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let swagger = || {
            let base = text("basePath").unwrap_or_default().trim_end_matches('/');
            Server::parse(&format!("https://{}{base}", text("host")?))
        };
        Self::listed(document).unwrap_or_else(|| swagger().into_iter().collect())
    }

    pub(super) fn is_called(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.host.fit(host).is_some() || self.host.fit(name).is_some()
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }
}
