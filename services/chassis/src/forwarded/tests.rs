use super::*;

fn trusted() -> TrustedProxies {
    "10.0.0.0/8, 192.0.2.9 ::1".parse().unwrap()
}

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn client(peer: &str, lines: &[(&'static str, &'static str)]) -> ClientInfo {
    trusted().client_of(peer.parse().ok(), &headers(lines))
}

fn ip(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

#[test]
fn a_stranger_is_not_believed() {
    let lies = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=198.51.100.1;host=evil.example"),
    ];
    let expected = ClientInfo {
        address: ip("203.0.113.5"),
        ..ClientInfo::default()
    };
    assert_eq!(client("203.0.113.5", &lies), expected);
    let nobody = trusted().client_of(None, &headers(&lies));
    assert_eq!(nobody, ClientInfo::default());
    let none = TrustedProxies::default();
    assert_eq!(none.client_of(ip("203.0.113.5"), &headers(&lies)), expected);
}

#[test]
fn a_trusted_proxy_is_believed_in_either_language() {
    let expected = ClientInfo {
        address: ip("198.51.100.1"),
        scheme: Some("https"),
        host: Some("shop.lan:8088".to_owned()),
    };
    let old = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-proto", "HTTPS"),
        ("x-forwarded-host", "shop.lan:8088"),
    ];
    assert_eq!(client("10.1.2.3", &old), expected);
    assert_eq!(client("::ffff:10.1.2.3", &old), expected);
    let new = [(
        "forwarded",
        "for=\"198.51.100.1:1234\";proto=https;host=\"shop.lan:8088\"",
    )];
    assert_eq!(client("::1", &new), expected);
}

#[test]
fn what_a_client_put_in_front_of_the_list_does_not_count() {
    let list = [
        ("x-forwarded-for", "1.1.1.1, 198.51.100.1"),
        ("x-forwarded-for", "192.0.2.9"),
    ];
    assert_eq!(client("10.1.2.3", &list).address, ip("198.51.100.1"));
    let list = [(
        "forwarded",
        "for=1.1.1.1;host=evil.example, for=198.51.100.1;host=shop.lan, for=192.0.2.9",
    )];
    let client = client("10.1.2.3", &list);
    assert_eq!(
        (client.address, client.host.as_deref()),
        (ip("198.51.100.1"), Some("shop.lan"))
    );
}

#[test]
fn a_forwarded_header_beside_the_usual_ones_is_the_clients_own() {
    let both = [
        ("forwarded", "for=1.1.1.1;host=evil.example"),
        ("x-forwarded-for", "198.51.100.1"),
    ];
    let client = client("10.1.2.3", &both);
    assert_eq!((client.address, client.host), (ip("198.51.100.1"), None));
}

#[test]
fn lists_of_equal_length_are_read_side_by_side_and_of_others_the_last_entry() {
    let chain = [
        ("x-forwarded-for", "198.51.100.1, 192.0.2.9"),
        ("x-forwarded-proto", "https, http"),
        ("x-forwarded-host", "evil.example, evil.example, shop.lan"),
    ];
    let client = client("10.1.2.3", &chain);
    assert_eq!(
        (client.scheme, client.host.as_deref()),
        (Some("https"), Some("shop.lan"))
    );
}

#[test]
fn an_address_that_cannot_be_read_is_the_proxys() {
    for odd in ["unknown", "_x", "999.1.1.1", ""] {
        let lines = [("x-forwarded-for", odd), ("x-forwarded-proto", "https")];
        let client = client("10.1.2.3", &lines);
        assert_eq!(
            (client.address, client.scheme),
            (ip("10.1.2.3"), Some("https")),
            "{odd}"
        );
    }
    let all_trusted = [("x-forwarded-for", "10.9.9.9, 192.0.2.9")];
    assert_eq!(client("10.1.2.3", &all_trusted).address, ip("10.9.9.9"));
}

#[test]
fn a_host_is_a_host() {
    for bad in ["a b", "a/b", "a,b", "a\"b", "a@b"] {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-host", HeaderValue::try_from(bad).unwrap());
        let client = trusted().client_of(ip("10.1.2.3"), &headers);
        assert_ne!(client.host.as_deref(), Some(bad));
    }
}

#[test]
fn what_was_said_is_replaced_by_what_is_known() {
    let mut said = headers(&[
        ("forwarded", "for=1.1.1.1"),
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "1.1.1.1"),
        ("accept", "text/html"),
    ]);
    let stranger = trusted().client_of(ip("203.0.113.5"), &said);
    stranger.rewrite(&mut said);
    assert_eq!(
        said,
        headers(&[("accept", "text/html"), ("x-forwarded-for", "203.0.113.5")])
    );
    let again: TrustedProxies = "127.0.0.0/8".parse().unwrap();
    assert_eq!(
        again.client_of(ip("127.0.0.1"), &said).address,
        ip("203.0.113.5")
    );
}

#[test]
fn networks_are_read_and_mistakes_are_named() {
    assert_eq!("".parse(), Ok(TrustedProxies::default()));
    let error = "10.0.0.0/8,proxy.lan"
        .parse::<TrustedProxies>()
        .unwrap_err();
    assert!(error.contains("`proxy.lan`"), "{error}");
}
