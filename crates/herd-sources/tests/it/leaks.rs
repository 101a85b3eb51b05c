//! The runtime's goroutine leak profile: of Go 1.26 built with the experiment, which every machine can, and of Go 1.27.

use std::path::{Path, PathBuf};

use herd_model::Origin;
use herd_sources::{Options, Want};

use crate::server::{Server, asked, build, notes, options, standing_in, witnesses};

/// Names the toolchain of Go 1.27; `cargo xtask test` sets it.
const GO_1_27: &str = "GOHERD_TEST_GO_1_27";

fn check(binary: &Path) {
    let leaking = Server::run(binary, &["-leak", "send", "-count", "25"]);
    let testimonies = asked(&leaking.url(), &options());
    assert_eq!(witnesses(&testimonies), ["goroutine?debug=2", "goroutineleak?debug=1"]);
    let leaks = &testimonies[1];
    assert_eq!(leaks.snapshot.origin, Origin::LeakProfile);
    assert_eq!(standing_in(leaks, "main.sendResult"), 25);
    assert_eq!(leaks.snapshot.goroutines, 25, "nothing else leaks");
    assert!(leaks.cost.as_ref().unwrap().contains("garbage collection"), "{:?}", leaks.cost);
    assert!(testimonies[0].taken_at_ns < leaks.taken_at_ns);

    for options in [Options { leak_profile: false, ..options() }, Options { want: Want::StacksOnly, ..options() }] {
        assert_eq!(witnesses(&asked(&leaking.url(), &options)), ["goroutine?debug=2"]);
    }
    let named = asked(&format!("{}/debug/pprof/goroutineleak?debug=1", leaking.url()), &options());
    assert_eq!((named.len(), named[0].snapshot.goroutines), (1, 25));

    // Listed but refused is told, not an error: the stacks are there.
    let refusing = Server::run(binary, &["-no-leak-profile"]);
    let testimonies = asked(&refusing.url(), &options());
    assert_eq!(witnesses(&testimonies), ["goroutine?debug=2"]);
    assert!(notes(&testimonies[0]).contains("listed but not answered"), "{}", notes(&testimonies[0]));

    // "None leaks" is testimony as well.
    let healthy = Server::run(binary, &[]);
    let testimonies = asked(&healthy.url(), &options());
    assert_eq!(testimonies[1].snapshot.origin, Origin::LeakProfile);
    assert_eq!(testimonies[1].snapshot.goroutines, 0);
}

#[test]
fn the_experiment_of_go_1_26_is_asked() {
    check(&build("leaky-server-experiment", Path::new("go"), &[("GOEXPERIMENT", "goroutineleakprofile")]));
}

#[test]
fn go_1_27_is_asked() {
    let folder = std::env::var_os(GO_1_27).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| panic!("{GO_1_27} names no toolchain; `cargo xtask test` fetches one and sets it"));
    let go = [folder.join("go/bin/go"), folder.join("bin/go")].into_iter().find(|go| go.exists());
    check(&build("leaky-server-1.27", &go.expect("the folder holds bin/go"), &[]));
}
