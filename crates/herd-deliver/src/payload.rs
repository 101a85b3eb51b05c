//! The body of a webhook call: [`Payload`] as JSON.

use herd_model::{Envelope, Finding, Severity, TargetKind, Verdict};
use serde::Serialize;

use crate::DeliverError;

/// Version of the body; additive within a version.
pub const PAYLOAD_SCHEMA: &str = "goherd-webhook/1";

/// The most findings one call carries, worst first; the rest is counted.
pub const MAX_FINDINGS: usize = 100;

/// The body for an envelope.
pub(crate) fn encode(envelope: &Envelope) -> Result<Vec<u8>, DeliverError> {
    let listed = &envelope.findings[..envelope.findings.len().min(MAX_FINDINGS)];
    let payload = Payload {
        schema: PAYLOAD_SCHEMA,
        goherd: &envelope.goherd,
        command: &envelope.command,
        verdict: envelope.verdict,
        severity: envelope.findings.iter().map(|finding| finding.severity).max(),
        targets: envelope
            .targets
            .iter()
            .map(|target| Asked { kind: target.kind, name: &target.name, go_version: target.go_version.as_deref() })
            .collect(),
        fingerprints: listed.iter().map(|finding| finding.fingerprint.as_str()).collect(),
        findings: listed,
        findings_not_listed: envelope.findings.len() - listed.len(),
        candidates: envelope.candidates.len(),
    };
    serde_json::to_vec(&payload).map_err(DeliverError::Encode)
}

/// What a receiver gets. `findings` are those of the envelope, field by field; everything else is there to route by without reading them.
#[derive(Serialize)]
struct Payload<'a> {
    schema: &'static str,
    goherd: &'a str,
    command: &'a str,
    verdict: Verdict,
    /// The worst of the findings; null without any.
    severity: Option<Severity>,
    targets: Vec<Asked<'a>>,
    /// Of the findings listed, in their order: what to group and silence by.
    fingerprints: Vec<&'a str>,
    findings: &'a [Finding],
    findings_not_listed: usize,
    /// How many candidates there are besides.
    candidates: usize,
}

/// A target without what asking it cost.
#[derive(Serialize)]
struct Asked<'a> {
    kind: TargetKind,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    go_version: Option<&'a str>,
}
