//! The environment of the shop's processes: composed here, and nothing of the
//! caller's but what is listed.

use std::ffi::OsString;

use crate::service::Service;

/// Variables of whoever opens the shop that reach every one of its processes.
///
/// `PATH`, `HOME`, `TMPDIR`, `TZ` and `LANG` are what any program may expect;
/// `SSL_CERT_*` name the authorities that a collector or a database is trusted by.
const FOR_ALL: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "LANG",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "NO_COLOR",
    "OTEL_SDK_DISABLED",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
];

/// A bug that is built in on purpose, and where processes are to die.
#[cfg(feature = "failpoints")]
const FOR_TESTS: &[&str] = &["MUTANT", "CRASH_POINTS"];

/// No executable that is shipped knows of bugs on purpose.
#[cfg(not(feature = "failpoints"))]
const FOR_TESTS: &[&str] = &[];

/// Settings of `service` that whoever opens the shop may give it, besides its
/// store ([`Service::store_elsewhere`]).
fn settings_of(service: Service) -> &'static [&'static str] {
    match service {
        Service::Carts => &["KEY_PREFIX", "GUEST_CART_TTL"],
        Service::Orders => &[
            "UPSTREAMS",
            "HREF_HOSTS",
            "HREF_PORTS",
            "PLACE_TIMEOUT",
            "RECOVER_AFTER",
            "RECOVER_EVERY",
            "RELAY_EVERY",
            "RELAY_LEASE",
            "FOLLOW_EVERY",
        ],
        Service::Payment => &["PAYMENT_LIMIT"],
        Service::User => &["CARD_KEY", "HATEAOS"],
        Service::Shipping => &["SHIPPING_LEASE"],
        Service::QueueMaster => &["PACK_TIME", "SHIP_TIME", "MAX_IN_FLIGHT"],
        Service::FrontEnd => &["SHOP_THEME", "SECURE_COOKIES"],
        Service::Meshd => &["MESH_FORWARD"],
        Service::Catalogue => &[],
    }
}

/// What of the caller's environment reaches processes of `service`, where
/// `variable` looks a variable up.
pub(super) fn passed(
    service: Service,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Vec<(&'static str, OsString)> {
    let names = FOR_ALL.iter().chain(FOR_TESTS).chain(settings_of(service));
    names
        .filter_map(|name| Some((*name, variable(name)?)))
        .collect()
}

/// The paragraph of `sockshop up --help` about all this.
pub(crate) fn help() -> String {
    let mut text = "Environment of the shop's processes:\n  \
        They get what `up` composes for them, and of its own environment only\n"
        .to_owned();
    let mut add = |who: &str, names: &[&str]| {
        text += &textwrap(&format!("{who}: {}", names.join(" ")));
    };
    add("all", FOR_ALL);
    for service in Service::ALL {
        let elsewhere = service.store_elsewhere();
        let mut names = settings_of(service).to_vec();
        names.extend(elsewhere.as_deref());
        if !names.is_empty() {
            add(service.name(), &names);
        }
    }
    text
}

/// Characters of a line of `--help`.
const LINE_LENGTH: usize = 100;

/// Breaks `text` at blanks, and indents it.
fn textwrap(text: &str) -> String {
    let mut lines = vec![String::from("  ")];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, String::len);
        if line + word.len() >= LINE_LENGTH {
            lines.push(String::from("     "));
        }
        if let Some(line) = lines.last_mut() {
            *line += word;
            line.push(' ');
        }
    }
    lines
        .iter()
        .fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(service: Service) -> Vec<&'static str> {
        // A caller who has everything set.
        let passed = passed(service, |_| Some("x".into()));
        passed.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn what_up_decides_is_nobody_elses_to_set() {
        for service in Service::ALL {
            for decided in [
                "PORT",
                "ADMIN_PORT",
                "BIND_ADDRESS",
                "VERSION",
                "INSTANCE",
                "MESH",
                "MESH_KEY",
                "MESH_DNS",
                "MESH_JOIN",
                "DOMAIN",
                "DATABASE_URL",
                "SESSION_STORE",
                "SESSION_KEY",
                "STORE_PASSWORD",
                "ORDERS_URL",
                "CATALOGUE_URL",
                "DRAIN_WINDOW",
                "ADVERTISE_ADDRESS",
                "POLICY_FILE",
                "PUBLIC_URL",
                "TRUSTED_PROXIES",
                "HTTP_PROXY",
                "SOCKSHOP_DATA",
            ] {
                assert!(
                    !names(service).contains(&decided),
                    "{decided} reaches {service}"
                );
            }
        }
    }

    #[test]
    fn a_setting_reaches_its_service_only() {
        assert!(names(Service::User).contains(&"CARD_KEY"));
        assert!(!names(Service::FrontEnd).contains(&"CARD_KEY"));
        assert!(names(Service::Orders).contains(&"RUST_LOG"));
    }

    #[test]
    fn the_manual_names_all_of_it() {
        let help = help();
        for service in Service::ALL {
            for name in names(service) {
                assert!(help.contains(name), "{name} is not in --help");
            }
        }
        assert!(help.contains("FRONT_END_SESSION_STORE"));
        assert!(help.lines().all(|line| line.len() <= LINE_LENGTH));
    }
}
