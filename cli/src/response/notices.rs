//! Who is told, while a command runs: at its end, what is due is sent, for a little while. What is left over stays in the store for `stanch serve`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use stanch_pipeline::engine::this_process;
use stanch_pipeline::notices;
use stanch_pipeline::notify::{self, Notifier, Notify};
use stanch_pipeline::store::Store;
use stanch_revokers::http::Client;
use stanch_revokers::responder::Responders;

use super::{ConfigFile, of_store};
use crate::args::ResponseArgs;
use crate::env;
use crate::exit::CliError;
use crate::shell::Shell;

/// For how long another notice is begun.
const PATIENCE: Duration = Duration::from_secs(10);
/// After which what was begun is left as well.
const LONGEST: Duration = Duration::from_secs(20);

/// Who is told, if the configuration names anybody.
pub(crate) struct Notices(Option<Arc<Notifier>>);

impl Notices {
    /// Reads who is told of what. No secret is read yet.
    pub(crate) fn new(args: &ResponseArgs) -> Result<Self, CliError> {
        let Some(file) = ConfigFile::read(args.config.as_deref())? else { return Ok(Self(None)) };
        let Some(config) = file.section::<Notify>("notify")?.filter(Notify::tells) else { return Ok(Self(None)) };
        let network = file.network()?;
        let client = Client::new(&network, args.offline).map_err(|error| CliError::new(error.to_string()))?;
        let responders = Arc::new(Responders::new(env::of_responders));
        let notifier = Notifier::new(&config, &file.folder(), &network, Arc::new(client), responders);
        notifier.map(|notifier| Self(Some(Arc::new(notifier)))).map_err(|error| file.wrong(&error))
    }

    /// Whether anybody is told of anything.
    pub(crate) fn tells(&self) -> bool {
        self.0.is_some()
    }

    /// Sends what is due, and says what is left.
    pub(crate) async fn send(&self, store: &Store, shell: &mut Shell) -> Result<(), CliError> {
        let Some(notifier) = &self.0 else { return Ok(()) };
        let sending = async {
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE && notifier.round(store, &this_process(), Timestamp::now()).await? {}
            Ok::<_, stanch_pipeline::StoreError>(())
        };
        if let Ok(sent) = tokio::time::timeout(LONGEST, sending).await {
            sent.map_err(of_store)?;
        }
        let depths = store.depths().await.map_err(of_store)?;
        let left: u64 =
            [notices::QUEUE, notify::QUEUE].iter().filter_map(|queue| depths.get(*queue)).map(|d| d.waiting).sum();
        if left > 0 {
            shell.warning(&format!("{left} notices are not sent yet: `stanch serve`, or the next command, sends them"));
        }
        Ok(())
    }
}
