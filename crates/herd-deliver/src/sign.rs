//! Who sent it and whether it came before: HMAC-SHA256 over time and body, and an id that stays the same when an attempt is repeated.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use herd_config::Secret;

/// `sha256=` and 64 hex digits; only with a secret.
pub const SIGNATURE_HEADER: &str = "x-goherd-signature";

/// Seconds since 1970 at which the delivery began; part of what is signed, so that a receiver can refuse an old one.
pub const TIMESTAMP_HEADER: &str = "x-goherd-timestamp";

/// 16 hex digits, the same in every attempt of one delivery.
pub const DELIVERY_HEADER: &str = "x-goherd-delivery";

const DELIVERY_BYTES: usize = 8;

/// The signature of a body: HMAC-SHA256 with `secret` over the timestamp's digits, a dot, and the body, in lower-case hex.
#[allow(clippy::missing_panics_doc)] // HMAC takes keys of any length.
pub fn signature(secret: &str, timestamp: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

pub(crate) fn delivery_id(timestamp: u64, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(timestamp.to_be_bytes());
    hash.update(body);
    hex(&hash.finalize()[..DELIVERY_BYTES])
}

pub(crate) fn headers(secret: Option<&Secret>, timestamp: u64, delivery: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    let mut headers = vec![(TIMESTAMP_HEADER, timestamp.to_string()), (DELIVERY_HEADER, delivery.to_owned())];
    if let Some(Secret(secret)) = secret {
        headers.push((SIGNATURE_HEADER, signature(secret, timestamp, body)));
    }
    headers
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_openssl_makes_of_it() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'it is a secret'
        let expected = "sha256=e13ca661150ed628f4ae657a91356a99ce1d89519ed99c20a90f567c6f061275";
        assert_eq!(signature("it is a secret", 1_700_000_000, br#"{"a":1}"#), expected);
    }
}
