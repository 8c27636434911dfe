//! Clients that ask well, badly, too much, too slowly.

mod change;

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::{
    io::{DuplexStream, duplex},
    sync::broadcast,
    task::JoinHandle,
};

use super::*;
use crate::service::sample::{self, Fake};

struct Client {
    stream: BufReader<DuplexStream>,
    session: JoinHandle<io::Result<()>>,
    drops: broadcast::Sender<Arc<state::Drop>>,
    ending: watch::Sender<bool>,
}

impl Client {
    fn of(fake: Fake) -> Self {
        Self::with_buffers(fake, 1 << 20, 16)
    }

    fn with_buffers(fake: Fake, pipe: usize, backlog: usize) -> Self {
        let (drops, _) = broadcast::channel(backlog);
        let handle = fake.handle(drops.clone());
        let (near, far) = duplex(pipe);
        let (ending, over) = watch::channel(false);
        let session = tokio::spawn(async move {
            let (reader, writer) = tokio::io::split(far);
            converse(reader, writer, 1000, &handle, over).await
        });
        Self {
            stream: BufReader::new(near),
            session,
            drops,
            ending,
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    async fn ask(&mut self, ask: &str) {
        let line = format!("{{\"version\":1,\"ask\":{ask}}}\n");
        self.send(line.as_bytes()).await;
    }

    async fn answer(&mut self) -> Answer {
        let mut line = String::new();
        assert_ne!(
            self.stream.read_line(&mut line).await.unwrap(),
            0,
            "hung up"
        );
        let reply: Reply = serde_json::from_str(&line).unwrap();
        assert_eq!(reply.version, VERSION);
        reply.reply
    }

    async fn refusal(&mut self) -> Refusal {
        let answer = self.answer().await;
        let Answer::Refused(refusal) = answer else {
            panic!("not refused: {answer:?}");
        };
        refusal
    }

    async fn hung_up(mut self) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
        self.session.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn one_connection_answers_one_question_after_another() {
    let mut client = Client::of(Fake::default());
    client.ask("\"status\"").await;
    assert!(matches!(client.answer().await, Answer::Status(_)));
    assert_eq!(client.answer().await, Answer::End);
    client.ask("\"devices\"").await;
    for _ in 0..3 {
        assert!(matches!(client.answer().await, Answer::Device(_)));
    }
    assert_eq!(client.answer().await, Answer::End);
    client
        .ask(r#"{"flows":{"device":"pump-icu-12","protocol":6}}"#)
        .await;
    assert!(matches!(client.answer().await, Answer::Flow(_)));
    assert_eq!(client.answer().await, Answer::End);
    client.ask(r#"{"flows":{"port":1}}"#).await;
    assert_eq!(client.answer().await, Answer::End);
    client.ask(r#"{"observed":{"device":"pump-icu-12"}}"#).await;
    assert!(matches!(client.answer().await, Answer::Observed(_)));
    assert_eq!(client.answer().await, Answer::End);
    client
        .ask(r#"{"bindings":{"device":"02:00:00:00:77:01"}}"#)
        .await;
    assert_eq!(client.answer().await, Answer::End);
    client.ask(r#"{"bindings":{}}"#).await;
    assert!(matches!(client.answer().await, Answer::Binding(_)));
    assert_eq!(client.answer().await, Answer::End);
    client
        .ask(r#"{"explain":{"device":"pump-icu-12","initiator":"device","peer":"10.20.8.11","protocol":"tcp","port":"3613"}}"#)
        .await;
    assert!(matches!(client.answer().await, Answer::Explanation(_)));
    assert_eq!(client.answer().await, Answer::End);
}

#[tokio::test]
async fn what_a_limit_cuts_off_is_told() {
    let mut client = Client::of(Fake {
        flows: 3,
        ..Fake::default()
    });
    for kind in ["flows", "observed", "bindings", "names"] {
        client.ask(&format!(r#"{{"{kind}":{{"limit":1}}}}"#)).await;
        client.answer().await;
        assert_eq!(client.answer().await, Answer::LeftOut(2), "{kind}");
        assert_eq!(client.answer().await, Answer::End);
        client.ask(&format!(r#"{{"{kind}":{{"limit":3}}}}"#)).await;
        for _ in 0..3 {
            client.answer().await;
        }
        assert_eq!(client.answer().await, Answer::End, "{kind}");
    }
}

#[tokio::test]
async fn nonsense_is_refused_and_the_client_may_try_again() {
    let mut client = Client::of(Fake::default());
    for nonsense in [
        "\n",
        "hello\n",
        "[]\n",
        "{\"version\":1}\n",
        "\u{0}\n",
        "{\"version\":1,\"ask\":\"reboot\"}\n",
    ] {
        client.send(nonsense.as_bytes()).await;
        assert_eq!(
            client.refusal().await.code,
            RefusalCode::BadRequest,
            "{nonsense:?}"
        );
    }
    client.send(b"\xff\xfe\n").await;
    assert_eq!(client.refusal().await.code, RefusalCode::BadRequest);
    client.ask("\"status\"").await;
    assert!(matches!(client.answer().await, Answer::Status(_)));
}

#[tokio::test]
async fn another_version_is_named() {
    let mut client = Client::of(Fake::default());
    client
        .send(b"{\"version\":2,\"question\":\"status\"}\n")
        .await;
    let refusal = client.refusal().await;
    assert_eq!(refusal.code, RefusalCode::BadRequest);
    assert!(
        refusal.message.contains("version 1") && refusal.message.contains("version 2"),
        "{}",
        refusal.message
    );
}

#[tokio::test]
async fn an_overlong_request_ends_the_connection() {
    let mut client = Client::of(Fake::default());
    client.send(&vec![b'x'; MAX_REQUEST]).await;
    assert_eq!(client.refusal().await.code, RefusalCode::BadRequest);
    client.hung_up().await;
}

#[tokio::test]
async fn the_longest_request_is_read() {
    let mut client = Client::of(Fake::default());
    let mut request = b"{\"version\":1,\"ask\":\"status\"}".to_vec();
    request.resize(MAX_REQUEST - 1, b' ');
    request.push(b'\n');
    client.send(&request).await;
    assert!(matches!(client.answer().await, Answer::Status(_)));
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_sent_away() {
    let mut client = Client::of(Fake::default());
    client.send(b"{\"version\":1,").await;
    let mut rest = Vec::new();
    client.stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    let error = client.session.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_sent_away() {
    let fake = Fake {
        flows: 100,
        ..Fake::default()
    };
    let mut client = Client::with_buffers(fake, 512, 16);
    client.ask(r#"{"flows":{}}"#).await;
    let error = client.session.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_failure_inside_is_told_and_survived() {
    let mut client = Client::of(Fake {
        fail: true,
        ..Fake::default()
    });
    client.ask("\"status\"").await;
    let refusal = client.refusal().await;
    assert_eq!(refusal.code, RefusalCode::Failed);
    assert!(
        refusal.message.contains("the map is gone"),
        "{}",
        refusal.message
    );
    client.ask(r#"{"drops":{}}"#).await;
    assert!(matches!(client.answer().await, Answer::Drop(_)));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let mut client = Client::of(Fake::default());
    client
        .ask(r#"{"explain":{"device":"pump-icu-99","initiator":"device","peer":"10.20.8.11","protocol":"tcp","port":"1"}}"#)
        .await;
    let refusal = client.refusal().await;
    assert_eq!(refusal.code, RefusalCode::NotFound);
    assert!(
        refusal.message.contains("pump-icu-99"),
        "{}",
        refusal.message
    );
    client
        .ask(r#"{"explain":{"device":"pump-icu-12","initiator":"device","peer":"10.20.8.11","protocol":"tcp"}}"#)
        .await;
    assert_eq!(client.refusal().await.code, RefusalCode::BadRequest);
    client.ask(r#"{"drops":{"reason":"bad_luck"}}"#).await;
    assert_eq!(client.refusal().await.code, RefusalCode::BadRequest);
}

async fn sequence(client: &mut Client) -> u64 {
    let answer = client.answer().await;
    let Answer::Drop(drop) = answer else {
        panic!("no drop: {answer:?}");
    };
    drop.sequence
}

#[tokio::test]
async fn a_follower_sees_the_past_once_and_then_the_present() {
    let mut client = Client::of(Fake {
        recent: vec![sample::drop(1), sample::drop(2)],
        ..Fake::default()
    });
    client.ask(r#"{"drops":{"follow":true}}"#).await;
    assert_eq!(sequence(&mut client).await, 1);
    assert_eq!(sequence(&mut client).await, 2);
    for number in 2..=3 {
        client.drops.send(Arc::new(sample::drop(number))).unwrap();
    }
    assert_eq!(sequence(&mut client).await, 3);
}

#[tokio::test]
async fn a_slow_follower_is_told_what_it_missed() {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let fake = Fake {
        recent: Vec::new(),
        ..Fake::default()
    };
    let mut client = Client::with_buffers(fake, 64, 4);
    client.ask(r#"{"drops":{"follow":true}}"#).await;
    let drops = client.drops.clone();
    while drops.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        let drop = sample::drop(NEXT.fetch_add(1, Ordering::Relaxed));
        drops.send(Arc::new(drop)).unwrap();
    }
    let (mut shown, mut missed) = (0, 0);
    while shown + missed < 20 {
        let answer = client.answer().await;
        if let Answer::Missed(count) = answer {
            missed += count;
        } else {
            assert!(matches!(answer, Answer::Drop(_)), "{answer:?}");
            shown += 1;
        }
    }
    assert!(missed > 0 && shown >= 4, "{shown} shown, {missed} missed");
}

#[tokio::test]
async fn a_follower_that_leaves_ends_its_session() {
    let mut client = Client::of(Fake::default());
    client.ask(r#"{"drops":{"follow":true}}"#).await;
    sequence(&mut client).await;
    drop(client.stream);
    client.session.await.unwrap().unwrap();
}

#[tokio::test]
async fn at_the_end_a_follower_gets_what_came_before_and_is_told() {
    let mut client = Client::of(Fake::default());
    client.ask(r#"{"drops":{"follow":true}}"#).await;
    assert_eq!(sequence(&mut client).await, 1);
    // Both at once: the session has not run since.
    client.drops.send(Arc::new(sample::drop(2))).unwrap();
    client.ending.send_replace(true);
    assert_eq!(sequence(&mut client).await, 2);
    assert_eq!(client.answer().await, Answer::End);
    client.hung_up().await;
}

#[tokio::test]
async fn at_the_end_a_client_that_asks_nothing_is_sent_away() {
    let mut client = Client::of(Fake::default());
    client.ask("\"status\"").await;
    client.answer().await;
    assert_eq!(client.answer().await, Answer::End);
    client.ending.send_replace(true);
    client.hung_up().await;
}

#[tokio::test]
async fn an_agent_that_is_gone_is_the_end_too() {
    let mut client = Client::of(Fake::default());
    client.ask(r#"{"drops":{"follow":true}}"#).await;
    assert_eq!(sequence(&mut client).await, 1);
    client.ending = watch::channel(false).0;
    assert_eq!(client.answer().await, Answer::End);
    client.hung_up().await;
}
