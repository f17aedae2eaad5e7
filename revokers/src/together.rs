//! Credentials that go to their provider by one request: who is ready waits for those that are on their way.
//!
//! Whoever means to come takes a [`Seat`]. A request is sent as soon as it is full, or nobody who has a seat is missing; while one is on its way,
//! or waits for its turn with the provider, the next one fills. One of those who wait sends it for all; its answer is everybody's answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::{Outcome, Why};

/// Who is on the way and who waits, by what they have in common.
#[derive(Clone, Default)]
pub(crate) struct Together(Arc<Mutex<HashMap<String, Gathering>>>);

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Together")
    }
}

/// Those of one request.
#[derive(Default)]
struct Gathering {
    /// How many have a seat.
    seats: usize,
    /// Whether a request is on its way.
    sending: bool,
    waiting: Vec<Waiting>,
}

/// One who is ready.
struct Waiting {
    secret: Zeroizing<String>,
    tell: oneshot::Sender<Word>,
}

/// What one who waits is told.
enum Word {
    /// To send the request for all of these.
    Send(Party),
    /// What came of it.
    Came(Outcome),
}

/// Those who go by one request: the first of them sends it.
struct Party {
    secrets: Vec<Zeroizing<String>>,
    others: Vec<oneshot::Sender<Word>>,
    sending: Sending,
}

/// A place in the next request, until it is dropped.
pub struct Seat {
    together: Together,
    what: String,
    most: usize,
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({})", self.what)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.together.change(&self.what, self.most, |gathering| gathering.seats = gathering.seats.saturating_sub(1));
    }
}

/// A request that is on its way, until that is over, in whatever way.
struct Sending {
    together: Together,
    what: String,
    most: usize,
    /// Whether it was handed to the one who sends it.
    begun: bool,
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.begun {
            self.together.change(&self.what, self.most, |gathering| gathering.sending = false);
        }
    }
}

impl Together {
    /// A seat in the next request, which holds `most`.
    pub(crate) fn seat(&self, what: &str, most: usize) -> Seat {
        self.change(what, most, |gathering| gathering.seats += 1);
        Seat { together: self.clone(), what: what.to_owned(), most }
    }

    /// Waits for the others, and goes with them. Only one of them calls `send`, with the secrets of all.
    pub(crate) async fn go<F>(&self, what: &str, most: usize, secret: Zeroizing<String>, send: F) -> Outcome
    where
        F: AsyncFnOnce(Vec<Zeroizing<String>>) -> Outcome,
    {
        let (tell, told) = oneshot::channel();
        self.change(what, most, |gathering| gathering.waiting.push(Waiting { secret, tell }));
        match told.await {
            Ok(Word::Came(outcome)) => outcome,
            Ok(Word::Send(Party { secrets, others, sending })) => {
                let outcome = send(secrets).await;
                drop(sending);
                for other in others {
                    // Who no longer waits will look.
                    let _ = other.send(Word::Came(outcome.clone()));
                }
                outcome
            }
            // Whoever was to send it was stopped, and nobody knows how far it came.
            Err(_) => Outcome::Unknown {
                why: Why::Transport { detail: "the request that it went by was given up".to_owned(), sent: true },
            },
        }
    }

    fn change(&self, what: &str, most: usize, change: impl FnOnce(&mut Gathering)) {
        let mut all: MutexGuard<'_, _> = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gathering = all.entry(what.to_owned()).or_default();
        change(gathering);
        gathering.waiting.retain(|one| !one.tell.is_closed());
        while gathering.is_ready(most) {
            let sending = Sending { together: self.clone(), what: what.to_owned(), most, begun: false };
            gathering.set_off(most, sending);
        }
    }
}

impl Gathering {
    /// Whether a request can set off: none is on its way, and it is full or nobody is missing.
    fn is_ready(&self, most: usize) -> bool {
        !self.sending && self.waiting.len() >= most.min(self.seats).max(1)
    }

    /// Has the first of those who wait send a request for all that it holds.
    fn set_off(&mut self, most: usize, mut sending: Sending) {
        let size = most.max(1).min(self.waiting.len());
        let mut party = self.waiting.drain(..size);
        let Some(Waiting { secret, tell: first }) = party.next() else { return };
        let (mut secrets, mut others) = (vec![secret], Vec::new());
        for one in party {
            secrets.push(one.secret);
            others.push(one.tell);
        }
        sending.begun = true;
        match first.send(Word::Send(Party { secrets, others, sending })) {
            Ok(()) => self.sending = true,
            // The first left at this very moment: the others wait on.
            Err(Word::Send(mut back)) => {
                back.sending.begun = false;
                let secrets = back.secrets.into_iter().skip(1);
                self.waiting.extend(secrets.zip(back.others).map(|(secret, tell)| Waiting { secret, tell }));
            }
            Err(Word::Came(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sent = Arc<Mutex<Vec<usize>>>;

    /// Goes with the others; what is sent is counted.
    async fn go(together: Together, most: usize, sent: Sent, seat: Option<Seat>) -> Outcome {
        let count = async |secrets: Vec<Zeroizing<String>>| {
            sent.lock().unwrap_or_else(PoisonError::into_inner).push(secrets.len());
            tokio::task::yield_now().await;
            Outcome::Accepted
        };
        let outcome = together.go("acme.key", most, Zeroizing::new("x".to_owned()), count).await;
        drop(seat);
        outcome
    }

    fn sizes(sent: &Sent) -> Vec<usize> {
        sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[tokio::test]
    async fn nobody_is_left_behind_and_no_request_is_over_full() {
        let (together, sent) = (Together::default(), Sent::default());
        let mut tasks = tokio::task::JoinSet::new();
        let mut seats: Vec<Seat> = (0..25).map(|_| together.seat("acme.key", 10)).collect();
        let away = seats.split_off(20);
        for seat in seats {
            tasks.spawn(go(together.clone(), 10, Arc::clone(&sent), Some(seat)));
        }
        // Two full ones set off, one after the other; five seats are still empty.
        assert!(tasks.join_all().await.iter().all(|outcome| *outcome == Outcome::Accepted));
        assert_eq!(sizes(&sent), [10, 10]);
        let mut tasks = tokio::task::JoinSet::new();
        let mut away = away.into_iter();
        for seat in away.by_ref().take(3) {
            tasks.spawn(go(together.clone(), 10, Arc::clone(&sent), Some(seat)));
        }
        tokio::task::yield_now().await;
        assert_eq!(sizes(&sent), [10, 10]);
        // Those who will not come leave their seats.
        drop(away);
        assert_eq!(tasks.join_all().await.len(), 3);
        assert_eq!(sizes(&sent), [10, 10, 3]);
    }

    #[tokio::test]
    async fn one_alone_goes_at_once_with_a_seat_or_without() {
        let (together, sent) = (Together::default(), Sent::default());
        assert_eq!(go(together.clone(), 10, Arc::clone(&sent), None).await, Outcome::Accepted);
        let seat = together.seat("acme.key", 10);
        assert_eq!(go(together.clone(), 10, Arc::clone(&sent), Some(seat)).await, Outcome::Accepted);
        assert_eq!(sizes(&sent), [1, 1]);
    }

    #[tokio::test]
    async fn when_the_one_who_sends_is_stopped_the_others_do_not_know() {
        let together = Together::default();
        let seats: Vec<Seat> = (0..2).map(|_| together.seat("acme.key", 10)).collect();
        let never = async |_: Vec<Zeroizing<String>>| std::future::pending().await;
        let mut first = Box::pin(together.go("acme.key", 10, Zeroizing::new("a".to_owned()), never));
        assert!(futures_poll(first.as_mut()).await.is_none());
        let sent = Sent::default();
        let mut second = Box::pin(go(together.clone(), 10, Arc::clone(&sent), None));
        assert!(futures_poll(second.as_mut()).await.is_none());
        assert!(futures_poll(first.as_mut()).await.is_none());
        drop(first);
        assert!(matches!(second.await, Outcome::Unknown { why: Why::Transport { sent: true, .. } }));
        drop(seats);
        // What comes afterwards is not held up by it.
        assert_eq!(go(together, 10, Arc::clone(&sent), None).await, Outcome::Accepted);
        assert_eq!(sizes(&sent), [1]);
    }

    /// Polls once.
    async fn futures_poll<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match future.as_mut().poll(cx) {
                std::task::Poll::Ready(value) => Some(value),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
