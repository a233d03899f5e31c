//! The DNS server: packets in, packets out, and what to refuse.

mod packet;
mod tcp;

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, bail};
use async_trait::async_trait;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{
    Edns, Header, HeaderCounts, Message, Metadata, OpCode, ResponseCode,
};
use hickory_server::proto::rr::{DNSClass, Record};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use crate::forward::{Forward, NotForwarded};
use crate::node::Node;
use crate::zone::{Lookup, Zone};

use packet::{count, fits, limit};

/// Maximum number of further ports that are tried when any port will do.
const MAX_PORT_ATTEMPTS: u8 = 20;

/// Answers questions from what a node knows. Clones share that.
#[derive(Clone)]
pub struct Dns {
    node: Node,
    zone: Zone,
    forward: Option<Forward>,
}

/// What is answered to one question.
#[derive(Debug)]
pub struct Answer {
    /// Whether and why not.
    pub code: ResponseCode,
    /// As a label of a metric.
    pub outcome: &'static str,
    /// Whether we are in charge of that name.
    pub authoritative: bool,
    /// The records asked for.
    pub answers: Vec<Record>,
    /// Who is in charge.
    pub authorities: Vec<Record>,
    /// Records that help to use the answers.
    pub additionals: Vec<Record>,
}

impl Answer {
    fn only(code: ResponseCode, outcome: &'static str) -> Self {
        Self {
            code,
            outcome,
            authoritative: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        }
    }
}

/// A DNS that listens, until dropped.
pub struct Listening {
    udp: Server<Dns>,
    tcp: JoinSet<()>,
}

impl Listening {
    /// Returns when it can answer no more.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        tokio::select! {
            ended = self.udp.block_until_done() => Ok(ended?),
            _ = self.tcp.join_next() => bail!("TCP is not listened to any more"),
        }
    }
}

/// Listens on `address`, over UDP and TCP, and answers until dropped. Returns
/// the address as well: its port may have been 0.
pub async fn listen(address: SocketAddr, dns: Dns) -> anyhow::Result<(Listening, SocketAddr)> {
    let sockets = sockets(address).await;
    let (udp, tcp) = sockets.with_context(|| {
        format!("cannot listen on {address}: choose another DNS_PORT or end what uses it")
    })?;
    let address = udp.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(tcp::serve(tcp, dns.clone()));
    let mut server = Server::new(dns);
    server.register_socket(udp);
    Ok((
        Listening {
            udp: server,
            tcp: tasks,
        },
        address,
    ))
}

/// One port for both. Any port (0) that is free for UDP may be taken for TCP, so
/// that another has to be tried.
async fn sockets(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut others = if address.port() == 0 {
        MAX_PORT_ATTEMPTS
    } else {
        0
    };
    loop {
        let udp = UdpSocket::bind(address).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if others == 0 => return Err(error),
            Err(_) => others -= 1,
        }
    }
}

impl Dns {
    /// A DNS for `zone` as `node` knows it; other names are passed on.
    #[must_use]
    pub fn new(node: Node, zone: Zone, forward: Option<Forward>) -> Self {
        Self {
            node,
            zone,
            forward,
        }
    }

    /// Answers one request, apart from how large the packet may be.
    pub async fn answer(&self, request: &Request) -> Answer {
        let [query] = request.queries.queries() else {
            return Answer::only(ResponseCode::FormErr, "malformed");
        };
        if request.metadata.op_code != OpCode::Query {
            return Answer::only(ResponseCode::NotImp, "refused");
        }
        if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return Answer::only(ResponseCode::BADVERS, "refused");
        }
        let (name, kind) = (query.original().name(), query.query_type());
        let reply = match query.query_class() {
            DNSClass::IN | DNSClass::ANY => {
                let view = self.node.view();
                self.zone.ask(&view, (name, kind), rand::random())
            }
            _ => Lookup::Elsewhere,
        };
        match (reply, &self.forward) {
            (Lookup::Elsewhere, Some(forward)) => forwarded(forward.ask(request.as_slice()).await),
            (Lookup::Elsewhere, None) => Answer::only(ResponseCode::Refused, "refused"),
            (reply, _) => self.own(reply),
        }
    }

    fn own(&self, reply: Lookup) -> Answer {
        let mut answer = Answer::only(ResponseCode::NoError, "answered");
        answer.authoritative = true;
        if let Lookup::Found(answers, additionals) = reply {
            (answer.answers, answer.additionals) = (answers, additionals);
            let mut dice = rand::rng();
            rand::seq::SliceRandom::shuffle(answer.answers.as_mut_slice(), &mut dice);
            return answer;
        }
        answer.authorities.push(self.zone.authority());
        answer.outcome = "empty";
        if reply == Lookup::Unknown {
            (answer.code, answer.outcome) = (ResponseCode::NXDomain, "unknown");
        }
        answer
    }

    async fn respond<R: ResponseHandler>(&self, request: &Request, mut out: R) -> ResponseInfo {
        let mut answer = self.answer(request).await;
        count(request, answer.outcome);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = answer.code;
        metadata.authoritative = answer.authoritative;
        metadata.recursion_available = self.forward.is_some();
        let limit = limit(request);
        let edns = request.edns.as_ref().map(|_| {
            let mut edns = Edns::new();
            edns.set_max_payload(limit);
            edns
        });
        if request.protocol() == Protocol::Udp && !fits(request, &answer, limit) {
            // The addresses can be asked for; an answer cut short must be asked for again.
            answer.additionals.clear();
        }
        let mut response = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            response.edns(edns);
        }
        let response = response.build(
            metadata,
            &answer.answers,
            &answer.authorities,
            [],
            &answer.additionals,
        );
        out.send_response(response).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "answer not sent");
            ResponseInfo::from(Header {
                metadata,
                counts: HeaderCounts::default(),
            })
        })
    }
}

#[async_trait]
impl RequestHandler for Dns {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        out: R,
    ) -> ResponseInfo {
        self.respond(request, out).await
    }
}

/// What another DNS said, as our answer.
fn forwarded(answer: Result<Message, NotForwarded>) -> Answer {
    let message = match answer {
        Ok(message) => message,
        Err(NotForwarded::Surplus) => return Answer::only(ResponseCode::ServFail, "surplus"),
        Err(NotForwarded::Failed) => return Answer::only(ResponseCode::ServFail, "failed"),
    };
    let mut answer = Answer::only(message.metadata.response_code, "forwarded");
    answer.answers = message.answers;
    answer.authorities = message.authorities;
    answer.additionals = message.additionals;
    answer
}
