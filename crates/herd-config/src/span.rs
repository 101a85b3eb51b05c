//! A length of time as people write it: `30s`, `5m`, `1h 30m`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A length of time, written as a number and a unit (`ms`, `s`, `m`, `h`, `d`), or several of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Span(Duration::from_secs(seconds))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let read = humantime::parse_duration(&text);
        read.map(Span).map_err(|why| D::Error::custom(format!("`{text}` is no length of time such as `30s` or `5m`: {why}")))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time: a number and a unit (ms, s, m, h, d), or several of them, such as `30s` or `1h 30m`."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        span: Span,
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, expected) in [("30s", 30.0), ("5m", 300.0), ("1h 30m", 5400.0), ("250ms", 0.25), ("0s", 0.0)] {
            let holder: Holder = toml::from_str(&format!("span = \"{text}\"")).expect(text);
            assert_eq!(holder.span.0, Duration::from_secs_f64(expected), "{text}");
        }
        for text in ["\"30\"", "\"soon\"", "30", "\"\"", "\"-1s\""] {
            assert!(toml::from_str::<Holder>(&format!("span = {text}")).is_err(), "{text}");
        }
    }
}
