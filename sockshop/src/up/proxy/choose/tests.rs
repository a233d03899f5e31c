use super::*;

const COOKIE: &str = "shop_lot.0123abcd";

fn candidate(version: &str, weight: u16) -> Candidate {
    Candidate {
        url: format!("http://{version}"),
        version: version.to_owned(),
        weight,
    }
}

fn both(old: u16, new: u16) -> [Candidate; 2] {
    [candidate("v1", old), candidate("v2", new)]
}

fn with(name: &'static str, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
}

/// How often each version answers 100 evenly spread requests.
fn shares(candidates: &[Candidate], tried: &[String]) -> Vec<usize> {
    let (headers, uri) = (HeaderMap::new(), Uri::from_static("/"));
    let chosen = |step| {
        choose(
            (&headers, &uri, COOKIE),
            candidates,
            tried,
            f64::from(step) / 100.0,
        )
    };
    let all: Vec<_> = (0..100).filter_map(chosen).collect();
    let count = |one| all.iter().filter(|chosen| **chosen == one).count();
    candidates.iter().map(count).collect()
}

/// The version that answers with these headers at that address.
fn version(headers: &HeaderMap, uri: &'static str, candidates: &[Candidate]) -> String {
    let uri = Uri::from_static(uri);
    let chosen = choose((headers, &uri, COOKIE), candidates, &[], 0.5);
    chosen.unwrap().version.clone()
}

/// The cookie that a first visit with this `roll` leaves, as it comes back.
fn cookie(uri: &'static str, candidates: &[Candidate], roll: f64) -> Option<HeaderMap> {
    let (headers, uri) = (HeaderMap::new(), Uri::from_static(uri));
    let chosen = choose((&headers, &uri, COOKIE), candidates, &[], roll)?;
    let kept = keep((&headers, &uri, COOKIE), chosen, candidates, roll)?;
    let kept = kept.to_str().unwrap();
    assert!(
        kept.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        "{kept}"
    );
    Some(with("cookie", kept.split_once(';').unwrap().0))
}

#[test]
fn requests_are_shared_by_weight_and_who_failed_comes_last() {
    let both = both(95, 5);
    assert_eq!(shares(&both, &[]), [95, 5]);
    assert_eq!(shares(&both, &["http://v1".into()]), [0, 100]);
    let all = ["http://v1".into(), "http://v2".into()];
    assert_eq!(shares(&both, &all), [95, 5]);
    assert_eq!(shares(&[], &[]), [0; 0]);
}

#[test]
fn instances_of_a_version_share_its_requests() {
    let twins = [
        candidate("v1", 50),
        Candidate {
            url: "http://twin".to_owned(),
            ..candidate("v1", 50)
        },
    ];
    let (headers, uri) = (HeaderMap::new(), Uri::from_static("/"));
    let chosen = |step| choose((&headers, &uri, COOKIE), &twins, &[], f64::from(step) / 1e6);
    let all: Vec<_> = (0..1000).filter_map(chosen).collect();
    let first = all.iter().filter(|one| **one == &twins[0]).count();
    assert!((480..=520).contains(&first), "{first}");
}

#[test]
fn who_got_the_new_version_keeps_it_until_it_has_no_share() {
    let kept = cookie("/", &both(95, 5), 0.97).unwrap();
    for (old, new, expected) in [
        (95, 5, "v2"),
        (75, 25, "v2"),
        (0, 100, "v2"),
        (100, 0, "v1"),
    ] {
        assert_eq!(version(&kept, "/", &both(old, new)), expected);
    }
    assert_eq!(
        version(&kept, "/", &[candidate("v1", 100)]),
        "v1",
        "it is gone"
    );
    let uri = Uri::from_static("/");
    let again = keep(
        (&kept, &uri, COOKIE),
        &candidate("v2", 5),
        &both(95, 5),
        0.5,
    );
    assert_eq!(again, None, "the first hour counts");
}

#[test]
fn the_shares_hold_over_visitors_who_keep_their_lots() {
    let visitors: Vec<_> = (0..1000)
        .map(|step| cookie("/", &both(95, 5), f64::from(step) / 1000.0).unwrap())
        .collect();
    for share in [5, 25, 50, 100] {
        let now = both(100 - share, share);
        let new = visitors
            .iter()
            .filter(|one| version(one, "/", &now) == "v2")
            .count();
        assert_eq!(new, usize::from(share) * 10);
    }
}

#[test]
fn nobody_is_given_a_cookie_when_there_is_no_choice() {
    for none in [&[candidate("v1", 100)][..], &both(100, 0)] {
        assert_eq!(cookie("/", none, 0.3), None);
    }
}

#[test]
fn a_header_asks_one_version_once_and_a_query_keeps_it() {
    let now = both(95, 5);
    let asks = with(HEADER, "v2");
    assert_eq!(version(&asks, "/", &now), "v2");
    assert_eq!(version(&asks, "/", &both(100, 0)), "v2", "past all weights");
    let uri = Uri::from_static("/");
    assert_eq!(keep((&asks, &uri, COOKIE), &now[1], &now, 0.5), None);
    assert_eq!(
        version(&with(HEADER, "v9"), "/", &now),
        "v1",
        "no such version"
    );

    let new = cookie("/socks?tags=blue&version=v2", &now, 0.1).unwrap();
    assert_eq!(version(&new, "/", &now), "v2");
    let old = cookie("/?version=v1", &now, 0.99).unwrap();
    assert_eq!(version(&old, "/", &both(5, 95)), "v1");
}

#[test]
fn foreign_cookies_do_not_cost_a_visitor_their_version() {
    let now = both(50, 50);
    let new = cookie("/", &now, 0.9).unwrap();
    let own = new["cookie"].as_bytes();
    let foreign: [&[u8]; 6] = [
        "x=caf\u{e9}".as_bytes(),
        b"x=caf\xe9",
        b"x",
        b"shop_lot.ffffffff=0",
        b"shop_lot=0",
        b"shop_lot.0123abcd=none",
    ];
    for foreign in foreign {
        for line in [
            [foreign, b"; ", own].concat(),
            [own, b";", foreign].concat(),
        ] {
            let value = HeaderValue::from_bytes(&line).unwrap();
            let headers = HeaderMap::from_iter([(axum::http::header::COOKIE, value)]);
            assert_eq!(version(&headers, "/", &now), "v2", "{line:?}");
        }
        let mut headers = with("cookie", "theme=dark");
        headers.append("cookie", HeaderValue::from_bytes(foreign).unwrap());
        headers.append("cookie", HeaderValue::from_bytes(own).unwrap());
        assert_eq!(version(&headers, "/", &now), "v2", "{foreign:?}");
    }
}
