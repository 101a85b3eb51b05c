//! Whom the daemon asks, from goherd.toml and real files.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use herd_config::{Targets, Watch};
use herd_sources::scrape::Reach;
use herd_watch::targets::{Finder, ListError, Target, TargetsError, Told};

fn finder(text: &str, root: &Path) -> Result<Finder, TargetsError> {
    let targets: Targets = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    Finder::new(&targets, &Watch::default(), root)
}

fn shown(target: &Target) -> String {
    let labels: Vec<String> = target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{} {}", target.asked.url, labels.join(","))
}

#[track_caller]
fn check(text: &str, files: &[(&str, &str)], expect: &[&str]) -> Vec<Told> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    let (targets, told) = finder(text, folder.path()).expect("it is right").find(Instant::now());
    assert_eq!(targets.iter().map(shown).collect::<Vec<_>>(), expect, "{told:?}");
    told
}

#[test]
fn targets_are_named_in_goherd_toml() {
    let told = check(
        "[[static]]\naddresses = [\"b:1\", \"a:1\", \"a:1\", \"[::1]:6060\"]\nlabels = { service = \"shop\", env = \"\" }\n\
         [[static]]\naddresses = [\"c:2\"]\nask = { scheme = \"https\", metrics = \"m?x=1\" }\n",
        &[],
        &[
            "http://[::1]:6060/metrics instance=[::1]:6060,service=shop",
            "http://a:1/metrics instance=a:1,service=shop",
            "http://b:1/metrics instance=b:1,service=shop",
            "https://c:2/m?x=1 instance=c:2",
        ],
    );
    assert_eq!(told, []);
}

#[test]
fn lists_name_targets_and_labels_and_rules_change_them() {
    let list = r#"[{"targets": ["10.0.0.1:80", "10.0.0.2:80"], "labels": {"__meta_pod": "shop-7f9", "env": "dev", "__metrics_path__": "/m"}},
                   {"targets": ["10.0.0.3:80"], "labels": {"__meta_pod": "mail-1", "__param_module": "go", "__scheme__": "https"}}]"#;
    let told = check(
        "[[files]]\npaths = [\"*.json\"]\nlabels = { env = \"prod\", team = \"x\" }\n\
         [[relabel]]\nfrom = \"__meta_pod\"\nmatch = \"([a-z]+)-.*\"\nto = \"service\"\nvalue = \"$1\"\n\
         [[relabel]]\nfrom = [\"env\", \"service\"]\nmatch = \"dev;.*\"\nto = \"team\"\nvalue = \"\"\n\
         [[relabel]]\nfrom = \"__address__\"\nmatch = \".*2:80\"\naction = \"drop\"\n\
         [[relabel]]\nfrom = \"service\"\nmatch = \"shop|mail\"\naction = \"keep\"\n",
        &[("a.json", list), ("b.txt", "no list")],
        &[
            "http://10.0.0.1/m env=dev,instance=10.0.0.1:80,service=shop",
            "https://10.0.0.3:80/metrics?module=go env=prod,instance=10.0.0.3:80,service=mail,team=x",
        ],
    );
    assert_eq!(told, []);
}

#[test]
fn what_cannot_be_asked_is_told_and_the_rest_is_asked() {
    let list = r#"[{"targets": ["ok:1", "http://a:1/", "user@a:1", "", "a:99999", "a b"], "labels": {}}]"#;
    let told = check(
        "[[files]]\npaths = [\"a.json\", \"gone.json\", \"b.yml\"]\n",
        &[("a.json", list), ("b.yml", "- targets: [a]\n")],
        &["http://ok:1/metrics instance=ok:1"],
    );
    let left_out = told.iter().filter(|told| matches!(told, Told::Target { .. })).count();
    assert_eq!((left_out, told.len()), (5, 7), "{told:?}");
    assert!(told.iter().any(|told| matches!(told, Told::List { why: ListError::Yaml, .. })));
    assert!(
        told.iter()
            .any(|told| matches!(told, Told::List { place, why: ListError::Unreadable(_) } if place.ends_with("gone.json")))
    );
}

#[test]
fn a_list_that_breaks_leaves_its_targets_and_one_that_is_gone_takes_them_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.json");
    let write = |text: &str| fs::write(&path, text).expect("a file");
    write(r#"[{"targets": ["a:1", "b:1"]}]"#);
    let mut finder = finder("[[files]]\npaths = [\"*.json\"]\nrefresh = \"10s\"\n", folder.path()).expect("it is right");
    let start = Instant::now();
    assert!(finder.is_due(start));
    let (first, _) = finder.find(start);
    assert!(!finder.is_due(start + Duration::from_secs(9)) && finder.is_due(start + Duration::from_secs(10)));
    write("[{\"targets\": [\"a:1\"");
    let (second, told) = finder.find(start);
    assert_eq!(second, first);
    assert!(matches!(&told[..], [Told::List { why: ListError::Malformed(_), .. }]), "{told:?}");
    write(r#"[{"targets": ["c:1", "b:1"]}]"#);
    let (third, _) = finder.find(start);
    assert_eq!(third.iter().map(|target| target.asked.id).collect::<Vec<_>>(), [2, 3], "one that stays keeps its number");
    fs::remove_file(&path).expect("it is there");
    assert_eq!(finder.find(start), (vec![], vec![]));
}

#[test]
fn lists_may_not_name_this_host_unless_its_network_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.json"), r#"[{"targets": ["127.0.0.1:1"]}]"#).expect("a file");
    let reach = |text: &str| finder(text, folder.path()).expect("it is right").find(Instant::now()).0[0].asked.reach.clone();
    let loopback = "127.0.0.1".parse().expect("an address");
    assert_eq!(reach("[[files]]\npaths = [\"a.json\"]\n"), Reach::Discovered);
    assert!(reach("[[files]]\npaths = [\"a.json\"]\n").allows(loopback).is_err());
    assert!(reach("[[files]]\npaths = [\"a.json\"]\nask = { networks = [\"127.0.0.0/8\"] }\n").allows(loopback).is_ok());
    assert!(reach("[[static]]\naddresses = [\"127.0.0.1:1\"]\n").allows(loopback).is_ok());
}

#[test]
fn what_is_wrong_with_rules_networks_and_secrets_is_told_with_its_place() {
    let here = Path::new(".");
    for (text, expect) in [
        ("[[relabel]]\nfrom = \"a\"\n", "[[targets.relabel]] number 1: `to` says which label is set"),
        ("[[relabel]]\nfrom = \"a\"\nto = \"b\"\n[[relabel]]\nfrom = \"a\"\naction = \"drop\"\nto = \"b\"\n", "number 2"),
        ("[[relabel]]\nfrom = \"a\"\nmatch = \"(\"\naction = \"drop\"\n", "number 1"),
        ("[[static]]\nask = { networks = [\"10.0.0.0/99\"] }\n", "10.0.0.0/99"),
        ("[[static]]\nask = { bearer = { env = \"GOHERD_TEST_NOT_SET\" } }\n", "GOHERD_TEST_NOT_SET"),
    ] {
        let error = finder(text, here).expect_err(text).to_string();
        assert!(error.contains(expect), "{error}");
    }
}
