//! Words that must not be seen: where they are kept, and how they are got.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// A secret; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is kept; it never stands in goherd.toml itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretFrom {
    /// In a file, alone; white space around it is left out.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

impl SecretFrom {
    /// Gets it. The error names the place and never what stands there.
    pub fn get(&self) -> Result<Secret, SecretError> {
        let (place, text) = match self {
            SecretFrom::File(path) => {
                let place = format!("the file {}", path.display());
                let text = std::fs::read_to_string(path);
                (
                    place,
                    text.map_err(|why| {
                        if why.kind() == std::io::ErrorKind::InvalidData { "it is not UTF-8".to_owned() } else { why.to_string() }
                    }),
                )
            }
            SecretFrom::Env(name) => {
                let place = format!("the environment variable {name}");
                let text = std::env::var(name);
                (
                    place,
                    text.map_err(|why| match why {
                        std::env::VarError::NotPresent => "it is not set".to_owned(),
                        std::env::VarError::NotUnicode(_) => "it is not UTF-8".to_owned(),
                    }),
                )
            }
        };
        match text {
            Ok(text) if text.trim().is_empty() => Err(SecretError { place, why: "it is empty".to_owned() }),
            Ok(text) => Ok(Secret(text.trim().to_owned())),
            Err(why) => Err(SecretError { place, why }),
        }
    }
}

/// A secret that cannot be got.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} cannot be used: {why}")]
pub struct SecretError {
    /// The file or the variable.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
}

/// Text that may hold a secret, such as the URL of a chat's webhook: as it is, or where it is kept. Not printed either way.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Guarded {
    /// As it is.
    Plain(String),
    /// In a file or an environment variable.
    Kept(SecretFrom),
}

impl Guarded {
    /// Gets it.
    pub fn get(&self) -> Result<Secret, SecretError> {
        match self {
            Guarded::Plain(text) => Ok(Secret(text.clone())),
            Guarded::Kept(from) => from.get(),
        }
    }
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Guarded::Plain(_) => f.write_str("Plain(…)"),
            Guarded::Kept(from) => f.debug_tuple("Kept").field(from).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_got_and_never_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "  top-word\n").expect("written");
        let from = SecretFrom::File(path.clone());
        assert_eq!(from.get(), Ok(Secret("top-word".to_owned())));
        std::fs::write(&path, "\n").expect("written");
        assert!(from.get().expect_err("it is empty").to_string().ends_with("it is empty"));
        std::fs::write(&path, b"top-word\xff").expect("written");
        assert!(!from.get().expect_err("no text").to_string().contains("top-word"));
        let absent = SecretFrom::Env("GOHERD_TEST_IS_NOT_SET".to_owned()).get().expect_err("not set");
        assert_eq!(absent.to_string(), "the environment variable GOHERD_TEST_IS_NOT_SET cannot be used: it is not set");
        let shown = format!("{:?} {:?}", Guarded::Plain("top-word".to_owned()), Secret("top-word".to_owned()));
        assert!(!shown.contains("top-word"), "{shown}");
    }
}
