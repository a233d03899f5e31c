//! `sockshop mesh`, as people use it.

use crate::support::{Shop, text};

/// What the command prints; it must go well.
#[track_caller]
fn shown(shop: &Shop, arguments: &[&str]) -> String {
    let output = shop.run(arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Its words, line by line.
fn words(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines().map(|line| line.split_whitespace().collect());
    lines.collect()
}

#[test]
fn members_are_nodes_and_who_announces_to_them() {
    let shop = Shop::open_with(&["--mesh", "2", "--scale", "user@v9=1"]);
    let table = shown(&shop, &["mesh", "members"]);
    let lines = words(&table);
    for node in ["meshd-1", "meshd-2"] {
        let gossip = format!("{}:7946", shop.instance(node).address);
        let line = lines.iter().find(|line| line.first() == Some(&node));
        assert_eq!(line.unwrap()[1..3], [&gossip, "alive"], "{table}");
    }
    let user = shop.instance("user-1");
    let address = format!("{}:{}", user.address, user.port);
    let line = lines.iter().find(|line| line.get(2) == Some(&"user-1"));
    let expected = ["user", "v9", "user-1", &address, "serving", "100", "%"];
    assert_eq!(line.unwrap()[..7], expected, "{table}");
}

#[test]
fn a_name_is_resolved_as_any_program_would() {
    let shop = Shop::open();
    let table = shown(&shop, &["mesh", "resolve", "cart"]);
    let address = shop.instance("carts-1").address;
    for part in [
        "SRV   weight 10000 port 8080 of carts-1.carts.weave.local.",
        "version=0.1.0",
    ] {
        assert!(table.contains(part), "{table}");
    }
    let answers = |kind| words(&table).iter().any(|line| line.get(3) == Some(&kind));
    assert!(answers("SRV") && answers("A") && answers("TXT"), "{table}");
    assert!(table.contains(&format!("A     {address}")), "{table}");
    let unknown = shop.run(&["mesh", "resolve", "socks"]);
    assert_eq!(text(&unknown.stderr), "sockshop: the mesh knows no socks\n");
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn a_policy_that_makes_no_sense_changes_nothing() {
    let shop = Shop::open_with(&["--scale", "user@v1=1", "--scale", "user@v2=1"]);
    let policy = |more: &[&str]| shop.run(&[&["mesh", "policy"], more].concat());
    assert!(text(&policy(&[]).stdout).starts_with("no policies"));
    assert!(policy(&["user", "v1=90", "v2=10"]).status.success());
    let set = shown(&shop, &["mesh", "policy", "user"]);
    assert_eq!(
        words(&set)[1..],
        [["user", "v1", "90"], ["user", "v2", "10"]]
    );
    for (wrong, code, why) in [
        (
            &["user", "v3=1"][..],
            1,
            "user has no version v3: there are v1, v2",
        ),
        (&["user", "v1=-1"], 1, "the weight of v1 must be 0 to 10000"),
        (
            &["user", "v1=0", "v2=0"],
            1,
            "at least one weight must be above 0",
        ),
        (&["user", "v1=1", "v1=2"], 1, "one weight only"),
        (&["socks", "v1=1"], 1, "the mesh knows no service socks"),
        (&["user", "v1"], 2, "must be VERSION=WEIGHT"),
        (&["user", "--clear", "v1=1"], 2, "cannot be used with"),
    ] {
        let output = policy(wrong);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(why), "{error}");
        assert_eq!(shown(&shop, &["mesh", "policy", "user"]), set);
    }
    let data = shop.close();
    let shop = Shop::open_in(data, &["--scale", "user@v1=1", "--scale", "user@v2=1"]);
    assert_eq!(shown(&shop, &["mesh", "policy", "user"]), set, "it is kept");
    shown(&shop, &["mesh", "policy", "user", "--clear"]);
    assert!(shown(&shop, &["mesh", "policy"]).starts_with("no policies"));
}
