//! Work that falls into many small pieces, over some threads.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What comes of each item, in their order. Up to `jobs` threads, each with a worker of its own, take the next item until there are none.
pub(crate) fn each<T: Sync, W, R: Send>(
    jobs: usize,
    items: &[T],
    worker: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut worker = worker();
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let taken = numbers.map_while(|number| Some((number, items.get(number)?)));
        taken.map(|(number, item)| (number, work(&mut worker, item))).collect::<Vec<_>>()
    };
    let mut done = std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..jobs.min(items.len())).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Two things at the same time, if there may be more than one thread.
pub(crate) fn both<A: Send, B>(jobs: usize, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    if jobs < 2 {
        return (one(), other());
    }
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| resume_unwind(panic)), other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        for jobs in [0, 1, 2, 7] {
            let worked = each(
                jobs,
                &items,
                || 0,
                |sum: &mut usize, item| {
                    *sum += 1;
                    (*item * 2, *sum)
                },
            );
            assert_eq!(
                worked.iter().map(|(twice, _)| *twice).collect::<Vec<_>>(),
                items.iter().map(|i| i * 2).collect::<Vec<_>>()
            );
            assert!(worked.iter().all(|(_, sum)| (1..=items.len()).contains(sum)), "each worker keeps its own");
        }
        assert!(each(4, &[0; 0], || (), |(), _| ()).is_empty());
    }
}
