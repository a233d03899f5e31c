//! How large an answer may be, and counting them.

use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{Message, OpCode};
use hickory_server::proto::rr::RecordType;
use hickory_server::server::Request;
use metrics::counter;

use super::Answer;

/// A packet without EDNS carries no more than this.
const PLAIN: u16 = 512;

/// Larger packets may be cut up on their way (DNS flag day 2020).
const LARGEST: u16 = 1232;

/// What an EDNS record takes of a packet.
const OPT: usize = 11;

/// How large a packet the asker takes.
pub(super) fn limit(request: &Request) -> u16 {
    request.max_payload().clamp(PLAIN, LARGEST)
}

/// Whether everything fits into a packet of `limit` bytes. Only what has
/// additional records is worth measuring.
pub(super) fn fits(request: &Request, answer: &Answer, limit: u16) -> bool {
    if answer.additionals.is_empty() {
        return true;
    }
    let mut message = Message::response(request.metadata.id, OpCode::Query);
    for query in request.queries.queries() {
        message.add_query(query.original().clone());
    }
    message.answers.clone_from(&answer.answers);
    message.authorities.clone_from(&answer.authorities);
    message.additionals.clone_from(&answer.additionals);
    let length = message.to_vec().map_or(usize::MAX, |packet| packet.len());
    length.saturating_add(OPT) <= usize::from(limit)
}

pub(super) fn count(request: &Request, outcome: &'static str) {
    let kind = match request.queries.queries() {
        [query] => query.query_type(),
        _ => RecordType::ZERO,
    };
    let kind = match kind {
        RecordType::A => "A",
        RecordType::AAAA => "AAAA",
        RecordType::SRV => "SRV",
        RecordType::TXT => "TXT",
        RecordType::PTR => "PTR",
        RecordType::ANY => "ANY",
        _ => "other",
    };
    let transport = match request.protocol() {
        Protocol::Udp => "udp",
        _ => "tcp",
    };
    counter!("mesh_dns_queries_total", "type" => kind, "outcome" => outcome, "transport" => transport)
        .increment(1);
}
