//! DingTalk, a custom robot: Markdown, signed in the address.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use herd_config::{Language, Secret};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use url::Url;

use crate::clock::At;
use crate::post::Call;
use crate::queue::Waiting;
use crate::sinks::chat::{Marks, chat, markdown_link, markdown_plain};
use crate::sinks::{at_most, chat_said_no, json};

/// Bytes of text a message may have, with room for what JSON adds.
const TEXT_MAX: usize = 15_000;

/// Codes of a body that cannot be read, of a kind of message there is not, and of text that is not allowed.
const NEVER: [i64; 6] = [40_035, 400_105, 430_101, 430_102, 430_103, 430_104];

pub(super) fn call(url: &Url, message: &Waiting, secret: Option<&Secret>, lang: Language, now: At) -> Call {
    let marks = Marks { escape: markdown_plain, bold: |text| format!("**{text}**"), link: markdown_link, newline: "  \n" };
    let chat = chat(&message.notice, lang, &marks);
    let parts: Vec<String> =
        [format!("### {}", markdown_plain(&chat.headline))].into_iter().chain(chat.entries).chain(chat.more).collect();
    let text = at_most(&parts.join("\n\n"), TEXT_MAX);
    let mut signed = url.clone();
    if let Some(Secret(secret)) = secret {
        signed.query_pairs_mut().append_pair("timestamp", &now.0.to_string()).append_pair("sign", &sign(secret, now.0));
    }
    json(&signed, &json!({"msgtype": "markdown", "markdown": {"title": chat.headline, "text": text}}))
}

pub(super) fn said_no(body: &[u8]) -> Option<(String, bool)> {
    chat_said_no(body, "errcode", "errmsg", &NEVER)
}

/// HMAC-SHA256 of the time and the secret, whose key is the secret.
fn sign(secret: &str, ms: u64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{ms}\n{secret}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_is_what_openssl_makes_of_it() {
        // printf '1577262236757\nthis is secret' | openssl dgst -sha256 -hmac 'this is secret' -binary | base64
        assert_eq!(sign("this is secret", 1_577_262_236_757), "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=");
    }
}
