//! Rules that change labels, or leave targets out.

use herd_config::{Relabel, RelabelAction};
use regex_lite::Regex;

use super::{Labels, TargetsError};

/// All rules, in their order.
#[derive(Debug)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    from: Vec<String>,
    pattern: Regex,
    act: Act,
}

#[derive(Debug)]
enum Act {
    Set { to: String, value: String },
    Keep,
    Drop,
}

impl Rules {
    pub(super) fn new(rules: &[Relabel]) -> Result<Rules, TargetsError> {
        let mut all = Vec::new();
        for (rule, number) in rules.iter().zip(1..) {
            let wrong = |why: String| TargetsError::Rule { number, why };
            let pattern = Regex::new(&format!("^(?:{})$", rule.matched)).map_err(|error| wrong(error.to_string()))?;
            let act = match (rule.action, &rule.to) {
                (RelabelAction::Keep, None) => Act::Keep,
                (RelabelAction::Drop, None) => Act::Drop,
                (RelabelAction::Set, Some(to)) => Act::Set { to: to.clone(), value: rule.value.clone() },
                (RelabelAction::Set, None) => return Err(wrong("`to` says which label is set".to_owned())),
                (RelabelAction::Keep | RelabelAction::Drop, Some(_)) => {
                    return Err(wrong("`to` goes with `action = \"set\"` only".to_owned()));
                }
            };
            all.push(Rule { from: rule.from.list().map(str::to_owned).collect(), pattern, act });
        }
        Ok(Rules(all))
    }

    /// Changes the labels; whether the target stays.
    pub(super) fn apply(&self, labels: &mut Labels) -> bool {
        for rule in &self.0 {
            let values: Vec<&str> =
                rule.from.iter().map(|name| labels.get(name).map(String::as_str).unwrap_or_default()).collect();
            let joined = values.join(";");
            let matched = rule.pattern.captures(&joined);
            match (&rule.act, matched) {
                (Act::Keep, None) | (Act::Drop, Some(_)) => return false,
                (Act::Set { to, value }, Some(groups)) => {
                    let mut set = String::new();
                    groups.expand(value, &mut set);
                    if set.is_empty() {
                        labels.remove(to);
                    } else {
                        labels.insert(to.clone(), set);
                    }
                }
                (Act::Set { .. } | Act::Drop, None) | (Act::Keep, Some(_)) => {}
            }
        }
        true
    }
}
