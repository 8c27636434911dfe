//! Takeovers where the kernel lets no program go on to the one before.

use std::fs;

use xiot_agent::datapath::BringUpError;
use xiot_common::map;
use xiot_tests::kind::one_buffer;

use super::{
    moved::{first, plan, try_to_follow},
    ward::Ward,
};

#[test]
fn one_that_fails_gives_the_old_program_back_to_each_port() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    let mut old = plan(&ward, 1_000);
    old.options.object = Some(one_buffer().into());
    drop(first(&ward, &old));
    let ports = ["dev0", "up0", "dev1", "up1"];
    let program = ward.program("dev0");
    // The very last step: a directory can't be replaced by a pin.
    let path = ward.pins().join(map::TRACE);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();

    let error = try_to_follow(&ward, &plan(&ward, 2_000)).unwrap_err();
    assert!(matches!(error, BringUpError::Pin { .. }), "{error}");
    assert_eq!(ports.map(|port| ward.program(port)), [program; 4]);
    ward.assert_forwards(0);
    ward.assert_forwards(1);
    fs::remove_dir(&path).unwrap();
    let left = ward.pinned().unwrap();
    let odd = |name: &&String| name.starts_with("new-") || name.starts_with("move-");
    assert_eq!(left.iter().find(odd), None);
}
