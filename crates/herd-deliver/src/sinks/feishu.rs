//! Feishu (Lark), a custom bot: a post, whose texts have no marks, signed in the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use herd_config::{Language, Secret};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use crate::clock::At;
use crate::post::Call;
use crate::queue::Waiting;
use crate::sinks::chat::{Marks, chat};
use crate::sinks::{at_most, chat_said_no, json};

/// A request may have 20 kB; the rest is room for what JSON adds.
const TEXT_MAX: usize = 1_200;

/// Codes of a body that cannot be read.
const NEVER: [i64; 1] = [9_499];

pub(super) fn call(url: &Url, message: &Waiting, secret: Option<&Secret>, lang: Language, now: At) -> Call {
    let marks = Marks { escape: str::to_owned, bold: str::to_owned, link: |text, url| format!("{text}: {url}"), newline: "\n" };
    let chat = chat(&message.notice, lang, &marks);
    let texts = chat.entries.iter().chain(&chat.more);
    let lines: Vec<Value> = texts.map(|text| json!([{"tag": "text", "text": at_most(text, TEXT_MAX)}])).collect();
    let language = match lang {
        Language::English => "en_us",
        Language::Chinese => "zh_cn",
    };
    let post = json!({language: {"title": chat.headline, "content": lines}});
    let mut body = json!({"msg_type": "post", "content": {"post": post}});
    if let (Some(Secret(secret)), Some(body)) = (secret, body.as_object_mut()) {
        let seconds = now.0 / 1_000;
        body.insert("timestamp".to_owned(), Value::String(seconds.to_string()));
        body.insert("sign".to_owned(), Value::String(sign(secret, seconds)));
    }
    json(url, &body)
}

pub(super) fn said_no(body: &[u8]) -> Option<(String, bool)> {
    chat_said_no(body, "code", "msg", &NEVER)
}

/// HMAC-SHA256 of nothing, whose key is the time and the secret.
fn sign(secret: &str, seconds: u64) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(format!("{seconds}\n{secret}").as_bytes()).expect("HMAC takes keys of any length");
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_is_what_openssl_makes_of_it() {
        // printf '' | openssl dgst -sha256 -mac HMAC -macopt "key:$(printf '1599360473\ndemo')" -binary | base64
        assert_eq!(sign("demo", 1_599_360_473), "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
    }
}
