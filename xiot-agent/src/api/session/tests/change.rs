//! Changes of policy, and what follows a request.

use super::*;

fn apply(bytes: usize, more: &str) -> String {
    format!(
        "{{\"change\":{{\"candidate\":{{\"policy\":{{\"file\":\"new.yaml\",\"bytes\":{bytes}}}}}{more}}}}}"
    )
}

#[tokio::test]
async fn a_policy_follows_its_request_and_the_next_request_follows_it() {
    let mut client = Client::of(Fake::default());
    client.ask(&apply(100_000, "")).await;
    client.send(&vec![b'#'; 100_000]).await;
    let Answer::Reload(reload) = client.answer().await else {
        panic!("not applied")
    };
    assert_eq!(reload.file, "new.yaml of 100000 bytes");
    assert_eq!(client.answer().await, Answer::End);
    client.ask("\"status\"").await;
    assert!(matches!(client.answer().await, Answer::Status(_)));
}

#[tokio::test]
async fn a_policy_that_is_too_long_is_refused_before_it_is_sent() {
    let mut client = Client::of(Fake::default());
    client.ask(&apply(64 * 1024 * 1024 + 1, "")).await;
    let Answer::Refused(refusal) = client.answer().await else {
        panic!("not refused")
    };
    assert_eq!(refusal.code, RefusalCode::BadRequest);
    client.session.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_policy_changes_nothing() {
    let mut client = Client::of(Fake::default());
    client.ask(&apply(1_000, "")).await;
    client.send(b"half of it").await;
    client.stream.get_mut().shutdown().await.unwrap();
    client.session.await.unwrap().unwrap();
    let mut rest = String::new();
    client.stream.read_line(&mut rest).await.unwrap();
    assert_eq!(rest, "");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_go_on_with_its_policy_is_sent_away() {
    let mut client = Client::of(Fake::default());
    client.ask(&apply(1_000, "")).await;
    client.send(b"half of it").await;
    client.session.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn what_was_looked_at_with_another_policy_in_force_is_refused() {
    let mut client = Client::of(Fake::default());
    client.ask(&apply(0, ",\"base\":2")).await;
    let Answer::Refused(refusal) = client.answer().await else {
        panic!("not refused")
    };
    assert_eq!(refusal.code, RefusalCode::Conflict);
}

#[tokio::test]
async fn the_history_comes_newest_first_with_what_the_limit_cut_off() {
    let mut client = Client::of(Fake::default());
    client.ask("{\"history\":{\"limit\":1}}").await;
    let Answer::Revision(revision) = client.answer().await else {
        panic!("no revision")
    };
    assert_eq!(
        (revision.number, revision.user.as_deref()),
        (3, Some("ada"))
    );
    assert_eq!(client.answer().await, Answer::LeftOut(1));
    assert_eq!(client.answer().await, Answer::End);
    client.ask("\"confirm\"").await;
    let Answer::Refused(refusal) = client.answer().await else {
        panic!("not refused")
    };
    assert_eq!(refusal.code, RefusalCode::NotFound);
    client.ask("{\"plan\":\"files\"}").await;
    let Answer::Plan(plan) = client.answer().await else {
        panic!("no plan")
    };
    assert_eq!((plan.cut_flows, plan.live_flows), (1, 214));
}

#[tokio::test]
async fn a_name_that_no_file_has_and_a_trial_without_end_are_refused() {
    let mut client = Client::of(Fake::default());
    for ask in [
        r#"{"plan":{"policy":{"file":"a\nb","bytes":0}}}"#,
        r#"{"change":{"candidate":"files","confirm_within_seconds":0}}"#,
        r#"{"change":{"candidate":"files","confirm_within_seconds":99999999}}"#,
        r#"{"change":{"candidate":"files","reason":"a\nb"}}"#,
    ] {
        client.ask(ask).await;
        let Answer::Refused(refusal) = client.answer().await else {
            panic!("not refused: {ask}")
        };
        assert_eq!(refusal.code, RefusalCode::BadRequest, "{ask}");
    }
}
