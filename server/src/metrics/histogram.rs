//! How numbers are spread.

use super::text::Text;

/// How many numbers are at most as large as each of some bounds.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    bounds: &'static [f64],
    /// One a bound: the numbers above the one before it.
    counts: Vec<u64>,
    all: u64,
    sum: f64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len()], all: 0, sum: 0.0 }
    }

    pub(super) fn observe(&mut self, value: f64) {
        let at = self.bounds.iter().position(|bound| value <= *bound);
        if let Some(count) = at.and_then(|at| self.counts.get_mut(at)) {
            *count += 1;
        }
        self.all += 1;
        self.sum += value;
    }

    pub(super) fn write(&self, text: &mut Text, name: &str, labels: &[(&str, &str)]) {
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        let bounds = self.bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        let counts = self.counts.iter().copied().chain([self.all - self.counts.iter().sum::<u64>()]);
        for (bound, count) in bounds.zip(counts) {
            below += count;
            let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            text.sample(&bucket, &labels, below as f64);
        }
        text.sample(&format!("{name}_sum"), labels, self.sum);
        text.sample(&format!("{name}_count"), labels, self.all as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_all_that_is_below() {
        let mut histogram = Histogram::new(&[1.0, 10.0]);
        for value in [0.5, 1.0, 5.0, 100.0] {
            histogram.observe(value);
        }
        let mut text = Text::default();
        histogram.write(&mut text, "h", &[("a", "b")]);
        let expected = "h_bucket{a=\"b\",le=\"1\"} 2\nh_bucket{a=\"b\",le=\"10\"} 3\nh_bucket{a=\"b\",le=\"+Inf\"} 4\n\
                        h_sum{a=\"b\"} 106.5\nh_count{a=\"b\"} 4\n";
        assert_eq!(text.end(), expected);
    }
}
