//! Kinds whose requests are signed, or that speak another protocol than HTTP with JSON.

mod account;
mod acme;
mod akamai;
mod alibaba;
pub(crate) mod aws;
mod azure;
mod crypto;
pub(crate) mod google;
mod kubernetes;
mod login;
mod mysql;
mod oci;
mod ovh;
mod postgres;
mod redis;
pub(crate) mod signer;
mod ssh;
mod tencent;

use signer::Signer;

/// For the fuzz targets: the parsers of what servers say and of what leaks are written in.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    pub(crate) use super::acme::fuzz as certificate;
    pub(crate) use super::aws::fuzz as xml;
    pub(crate) use super::kubernetes::fuzz as token;
    pub(crate) use super::login::fuzz as address;
    pub(crate) use super::mysql::fuzz as mysql;
    pub(crate) use super::postgres::fuzz as postgres;
    pub(crate) use super::redis::fuzz as redis;
    pub(crate) use super::ssh::fuzz as key;
}

use crate::Revoker;
use crate::file::File;
use crate::kind::Kind;

/// The code that a kind names.
pub(crate) fn find(name: &str, file: &'static File, kind: &'static Kind) -> Option<Box<dyn Revoker>> {
    match name {
        name if name.starts_with("aws.") => aws::find(name, file, kind),
        "mysql.user-password" => Some(Box::new(mysql::MySql { file, kind })),
        "postgres.role-password" => Some(Box::new(postgres::Postgres { file, kind })),
        "redis.password" => Some(Box::new(redis::Redis { file, kind })),
        "tls.acme-certificate-key" => Some(Box::new(acme::Acme { file, kind })),
        _ => None,
    }
}

/// What signs the requests of a kind that is data otherwise.
pub(crate) fn signer(name: &str) -> Option<&'static dyn Signer> {
    Some(match name {
        "akamai" => &akamai::EdgeGrid,
        "alibaba" => &alibaba::AccessKey,
        "azure" => &azure::Azure::Plain,
        "azure.app-configuration" => &azure::Azure::AppConfiguration,
        "azure.bus" => &azure::Azure::Bus,
        "azure.cosmos" => &azure::Azure::Cosmos,
        "azure.storage" => &azure::Azure::Storage,
        "google.responder" => &google::ByResponder,
        "google.service-account" => &google::ServiceAccount,
        "kubernetes" => &kubernetes::ServiceAccount,
        "oci.key" => &oci::SigningKey,
        "oci.responder" => &oci::ByResponder,
        "ovh" => &ovh::ConsumerKey,
        "ssh.public-key" => &ssh::PublicKey,
        "tencent" => &tencent::ApiKey,
        _ => return None,
    })
}
