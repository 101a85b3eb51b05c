//! What goroutines wait on, with the addresses the process itself knows.

use std::collections::BTreeSet;

use herd_model::{Address, ObjectKind};

use crate::program::{Program, toolchains};

#[test]
fn shared_objects_have_one_address_and_own_channels_one_each() {
    const EACH: usize = 20;
    for toolchain in toolchains() {
        let program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "20"]);
        let snapshot = herd_live::process(program.pid()).expect("a reading").snapshot;
        let waited = |state: &str| -> (BTreeSet<Address>, Option<ObjectKind>, u64) {
            let clusters = snapshot.clusters.iter().filter(|cluster| cluster.state.as_str() == state);
            let (mut addresses, mut kind, mut count) = (BTreeSet::new(), None, 0);
            for cluster in clusters {
                addresses.extend(cluster.objects.keys());
                kind = kind.or(cluster.object_kind);
                count += cluster.objects.values().sum::<u64>();
            }
            (addresses, kind, count)
        };
        let minor = toolchain.number();
        let (addresses, kind, count) = waited("chan send");
        assert_eq!((addresses.len(), kind, count), (EACH, Some(ObjectKind::Channel), EACH as u64), "Go 1.{minor}");
        // The one RWMutex is waited for by readers at one place and writers at another: the first writer waits inside its Mutex.
        let (addresses, kind, count) = waited("sync.RWMutex.RLock");
        assert_eq!((addresses.len(), kind, count), (1, Some(ObjectKind::RwMutex), EACH as u64), "Go 1.{minor}");
        let group = if minor >= 24 { "sync.WaitGroup.Wait" } else { "semacquire" };
        let (addresses, kind, count) = waited(group);
        assert_eq!((addresses.len(), kind, count), (1, Some(ObjectKind::WaitGroup), EACH as u64), "Go 1.{minor}");
        let (addresses, kind, count) = waited("sync.Cond.Wait");
        assert_eq!((addresses.len(), kind, count), (1, Some(ObjectKind::Cond), EACH as u64), "Go 1.{minor}");
        let (addresses, kind, count) = waited("sync.Mutex.Lock");
        assert_eq!((addresses.len(), kind), (2, Some(ObjectKind::Mutex)), "Go 1.{minor}");
        assert_eq!(count, 2 * EACH as u64, "Go 1.{minor}");
        assert_eq!(waited("select").2, 0, "a select waits on several channels");
    }
}
