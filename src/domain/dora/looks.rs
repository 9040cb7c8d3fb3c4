//! What was seen running, as looks that saw the right program or a wrong one.

use super::{Deployment, Deployments};
use crate::domain::observation::{Look, Sighting};

/// The looks at one environment, oldest first: of each span in which the same was seen, and of each success in whose
/// time it falls, the first and the last. A look that saw nothing of use is a wrong one. What the next deployment
/// brings is seen before its end is reported, and says nothing of the one before.
pub fn looks(spans: &[Sighting], deployments: &Deployments) -> Vec<Look> {
    let all = &deployments.successes;
    let mut found: Vec<Look> = Vec::new();
    for (at, deployment) in all.iter().enumerate() {
        let next = all.get(at + 1);
        let end = next.map_or(i64::MAX, |next| next.finished_at - 1);
        for span in spans {
            let (first, last) = (span.first_at.max(deployment.finished_at), span.seen_at.min(end));
            if first > last {
                continue;
            }
            let good = shows(span, deployment);
            let arriving =
                |at: i64| !good && next.is_some_and(|next| at >= next.row.started_at && shows(span, next));
            let ends = if first == last { vec![first] } else { vec![first, last] };
            found.extend(ends.into_iter().filter(|at| !arriving(*at)).map(|at| Look { at, good }));
        }
    }
    found.sort_by_key(|look| look.at);
    found
}

fn shows(span: &Sighting, deployment: &Deployment) -> bool {
    span.facts().is(&deployment.row.version, deployment.row.sha.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::State;
    use crate::domain::past::Past;

    fn span(version: &str, first_at: i64, seen_at: i64) -> Sighting {
        let version = Some(version.to_owned()).filter(|version| !version.is_empty());
        Sighting { version, seen_at, ..Sighting::nothing(first_at) }
    }

    fn row(id: i64, version: &str, started_at: i64, finished_at: i64) -> Past {
        let finished_at = Some(finished_at);
        Past { started_at, finished_at, ..Past::of(id, version, State::Succeeded) }
    }

    fn seen(spans: &[Sighting]) -> Vec<(i64, bool)> {
        let rows = [row(1, "1", 5, 10), row(2, "2", 50, 60)];
        looks(spans, &Deployments::of(&rows)).iter().map(|look| (look.at, look.good)).collect()
    }

    #[test]
    fn a_span_is_right_or_wrong_by_what_is_recorded_at_its_time() {
        assert_eq!(seen(&[span("1", 0, 9)]), [], "nothing is recorded then");
        assert_eq!(seen(&[span("v1", 12, 40)]), [(12, true), (40, true)]);
        let across = [(12, true), (59, true), (60, false), (70, false)];
        assert_eq!(seen(&[span("1", 12, 70)]), across, "it was never switched");
        assert_eq!(seen(&[span("", 20, 20), span("1", 30, 30)]), [(20, false), (30, true)]);
        assert_eq!(seen(&[span("9", 20, 30)]), [(20, false), (30, false)]);
    }

    #[test]
    fn a_version_on_its_way_says_nothing_of_the_one_before() {
        assert_eq!(seen(&[span("2", 52, 80)]), [(60, true), (80, true)]);
        assert_eq!(seen(&[span("2", 40, 80)]), [(40, false), (60, true), (80, true)], "it came by hand");
    }
}
