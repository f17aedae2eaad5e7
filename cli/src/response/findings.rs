//! Asks the providers about the findings of a scan.

use stanch_model::{Finding, Verification};
use stanch_revokers::{Liveness, Probe};

use super::{Session, aged, block_on, of_findings};
use crate::args::ResponseArgs;
use crate::exit::CliError;
use crate::shell::Shell;

/// Sets what the providers say of each finding that counts. The same credential at many places is asked about once.
pub(crate) fn verify_findings(
    args: &ResponseArgs,
    findings: &mut [Finding],
    shell: &mut Shell,
) -> Result<(), CliError> {
    let mut session = Session::new(args)?;
    let subjects = of_findings(findings.iter().filter(|finding| finding.suppression.is_none()), findings);
    let probes = block_on(session.verify_all(&subjects))?;
    session.keep();
    let ages: Vec<u64> = probes.iter().flatten().filter_map(|answer| answer.age).collect();
    if let Some(oldest) = ages.iter().max() {
        let (count, oldest) = (ages.len(), aged(*oldest));
        shell.note(&format!("{count} of the answers are up to {oldest} old; --max-age 0 asks anew"));
    }
    for finding in findings {
        let probe = subjects.iter().zip(&probes).find(|(subject, _)| subject.is_of(finding)).map(|(_, probe)| probe);
        if let Some(Some(answer)) = probe {
            finding.verification = told(&answer.probe);
        }
    }
    Ok(())
}

fn told(probe: &Probe) -> Verification {
    match &probe.liveness {
        Liveness::Active => Verification::Active { identity: probe.identity.0.clone() },
        Liveness::Inactive => Verification::Inactive,
        Liveness::Unknown { why } => Verification::Unknown { why: why.to_string() },
    }
}
