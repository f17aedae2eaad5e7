//! The memory of the pipeline: where the configuration says, else in the folder of stanch's own state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stanch_pipeline::audit::SigningKey;
use stanch_pipeline::engine::is_gone;
use stanch_pipeline::store::{Address, Options, Place, Server, Store, StoreConfig, StoreKey};
use stanch_revokers::config::Source;
use stanch_revokers::responder::Responders;
use zeroize::Zeroizing;

use super::ConfigFile;
use crate::env;
use crate::exit::CliError;
use crate::key::{Installation, installation};

/// Opens the store that the configuration names; without one, the file of this machine. Its keys stand in the folder of stanch's own state, where the
/// configuration names no others. What is not there is made.
pub(crate) async fn open(named: Option<&Path>) -> Result<Store, CliError> {
    let file = ConfigFile::read(named)?;
    let said = file.as_ref().map(said).transpose()?.unwrap_or_default();
    let dir = env::state_dir().ok_or_else(|| fail(&"the environment names no home"))?;
    std::fs::create_dir_all(&dir).map_err(|error| fail(&error))?;
    let opening = Opening { folder: file.map(|file| file.folder()).unwrap_or_default(), dir, said };
    let options = opening.options().await?;
    Store::open(options).await.map_err(|error| fail(&error))
}

/// What the configuration says of the store. All of it is read, so that a misspelt section is an error and not another store.
fn said(file: &ConfigFile) -> Result<StoreConfig, CliError> {
    file.network()?;
    let said: StoreConfig = file.section("store")?.unwrap_or_default();
    said.check().map_err(|(what, how)| file.wrong(&what).hint(how))?;
    Ok(said)
}

fn fail(error: &dyn std::fmt::Display) -> CliError {
    CliError::new(format!("the store cannot be opened: {error}"))
        .hint("`[store]` of the configuration says where it is; else it is below STANCH_STATE_DIR")
}

pub(crate) fn of_store(error: impl std::fmt::Display) -> CliError {
    CliError::new(format!("the store: {error}"))
}

struct Opening {
    said: StoreConfig,
    /// Where paths of the configuration begin.
    folder: PathBuf,
    /// The folder of stanch's own state.
    dir: PathBuf,
}

impl Opening {
    async fn options(&self) -> Result<Options, CliError> {
        let key = match &self.said.key {
            Some(source) => StoreKey::parse(&secret("key", source).await?),
            None => StoreKey::load_or_make(&self.dir.join("store.key")),
        };
        let signing = match &self.said.signing {
            Some(source) => SigningKey::parse(&secret("signing", source).await?),
            None => SigningKey::load_or_make(&self.dir.join("signing.key")),
        };
        let (key, signing) = (key.map_err(|error| fail(&error))?, signing.map_err(|error| fail(&error))?);
        let usual = Options::new(self.place().await?, key, signing);
        let trusted = self.said.trusted.iter().map(|trusted| trusted.0).collect();
        Ok(Options { trusted, fingerprints: self.fingerprints()?, gone: Arc::new(is_gone), ..usual })
    }

    async fn place(&self) -> Result<Place, CliError> {
        let url = match (&self.said.postgres, &self.said.path) {
            (Some(Address::Plain(url)), _) => Zeroizing::new(url.clone()),
            (Some(Address::Kept(source)), _) => secret("postgres", source).await?,
            (None, Some(path)) => return Ok(Place::Sqlite(self.folder.join(path))),
            (None, None) => return Ok(Place::Sqlite(self.dir.join("stanch.db"))),
        };
        let password = match &self.said.password {
            Some(source) => Some(secret("password", source).await?),
            None => None,
        };
        let ca = self.said.ca.as_ref().map(|ca| self.folder.join(ca));
        Ok(Place::Postgres(Server { password, ca, ..Server::new(url) }))
    }

    /// By what the key of fingerprints is known to the others that share a database.
    fn fingerprints(&self) -> Result<Option<[u8; 32]>, CliError> {
        if self.said.postgres.is_none() {
            return Ok(None);
        }
        match installation()? {
            Installation { key, lost: None } => {
                Ok(Some(*key.derive("stanch, by which a shared store knows the key 1")))
            }
            Installation { lost: Some(why), .. } => Err(fail(&format!("no `fingerprint.key` can be kept: {why}"))),
        }
    }
}

/// A secret of the section. Where it is is told if it cannot be had, never what it is.
async fn secret(name: &str, source: &Source) -> Result<Zeroizing<String>, CliError> {
    let read = Responders::new(env::of_responders).read_source(source).await;
    read.map_err(|why| fail(&format!("`store.{name}` from the {source:?}: {why}")))
}
