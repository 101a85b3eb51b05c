//! Why a delivery failed, and what to do about it.

/// Why a delivery failed. Messages fit after "failed to deliver: " and never carry credentials.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The URL or a header cannot be used.
    #[error("the webhook's {what} cannot be used: {why}")]
    Unusable {
        /// `URL`, `header NAME`, `CA file`.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The envelope cannot be written as JSON.
    #[error("the findings cannot be written as JSON: {0}")]
    Encode(serde_json::Error),
    /// Not reached, or the connection broke.
    #[error("{host} cannot be reached ({}): {why}", attempts_text(*attempts))]
    Unreachable {
        /// Host and port.
        host: String,
        /// The innermost cause.
        why: String,
        /// Attempts made.
        attempts: u32,
    },
    /// No answer in time.
    #[error("{host} did not answer in time ({})", attempts_text(*attempts))]
    Timeout {
        /// Host and port.
        host: String,
        /// Attempts made.
        attempts: u32,
    },
    /// The certificate or the handshake.
    #[error("{host}: TLS: {why}")]
    Tls {
        /// Host and port.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// A status that is no success.
    #[error("{host} answers {status} ({}){}", attempts_text(*attempts), detail.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused {
        /// Host and port.
        host: String,
        /// Its status.
        status: u16,
        /// The first line of its answer.
        detail: Option<String>,
        /// Attempts made.
        attempts: u32,
    },
}

impl DeliverError {
    /// What the user can do, as a sentence.
    pub fn next_step(&self) -> &'static str {
        match self {
            DeliverError::Unusable { .. } => "Give --webhook an address such as https://HOST/PATH.",
            DeliverError::Encode(_) => "Report this: every finding should be writable.",
            DeliverError::Unreachable { .. } => "Check that the receiver runs and may be reached from here (firewall, proxy).",
            DeliverError::Timeout { .. } => "Let the receiver answer first and work later, or allow more time.",
            DeliverError::Tls { .. } => "Trust the issuer of the receiver's certificate.",
            DeliverError::Refused { status: 401 | 403, .. } => {
                "Send credentials with a header, or check the secret on both sides."
            }
            DeliverError::Refused { status: 300..=399, .. } => {
                "Give the address it redirects to; a signed call is not passed on."
            }
            DeliverError::Refused { .. } => "Look at the receiver's log: it is told by the x-goherd-delivery header.",
        }
    }

    /// Whether the same call may succeed later.
    pub(crate) fn is_worth_retrying(&self) -> bool {
        match self {
            DeliverError::Unreachable { .. } | DeliverError::Timeout { .. } => true,
            DeliverError::Refused { status, .. } => *status >= 500 || *status == 429,
            DeliverError::Unusable { .. } | DeliverError::Encode(_) | DeliverError::Tls { .. } => false,
        }
    }

    /// The same error, with how often it was tried.
    #[must_use]
    pub(crate) fn after(mut self, made: u32) -> Self {
        match &mut self {
            DeliverError::Unreachable { attempts, .. }
            | DeliverError::Timeout { attempts, .. }
            | DeliverError::Refused { attempts, .. } => *attempts = made,
            DeliverError::Unusable { .. } | DeliverError::Encode(_) | DeliverError::Tls { .. } => {}
        }
        self
    }
}

fn attempts_text(attempts: u32) -> String {
    if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") }
}
