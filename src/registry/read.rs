//! The questions that the registry answers.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{Registry, RegistryError};
use crate::domain::past::Past;
use crate::store::{self, CacheFigures, Listed, Listing, Place, Row, Stat, Wanted};

/// So many rows are read at once; the original's own pages have no more.
const FEW: i64 = 25;

/// A page of a list, by the rules of v1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: i64,
    pub(crate) size: i64,
}

impl Page {
    /// Whether its rows fit in memory, whatever they hold.
    pub(crate) fn is_short(self) -> bool {
        self.span().is_none_or(|span| span.limit <= FEW)
    }

    /// The rows of this page; nothing if no list is that long. The first page of size 0 is empty, and every
    /// other size below 1 means 1, as in the original.
    fn span(self) -> Option<store::Span> {
        if self.number <= 1 {
            let limit = if self.size < 0 { 1 } else { self.size };
            return Some(store::Span { offset: 0, limit });
        }
        let limit = self.size.max(1);
        let offset = limit.checked_mul(self.number.checked_sub(1)?)?;
        Some(store::Span { offset, limit })
    }
}

impl Registry {
    /// What was deployed, newest first, one page.
    pub(crate) async fn history(&self, wanted: &Wanted) -> Result<Vec<Past>, RegistryError> {
        Ok(self.store.history(wanted).await?)
    }

    /// The version of the newest v1 row of a place: of those that succeeded, or of `any` status.
    pub(crate) async fn latest(&self, place: &Place, any: bool) -> Result<Option<String>, RegistryError> {
        Ok(self.store.latest(place, any).await?)
    }

    /// The newest 25 v1 rows.
    pub(crate) async fn home(&self) -> Result<Vec<Row>, RegistryError> {
        Ok(self.store.home().await?)
    }

    /// The rows of a short page of a list, newest first.
    pub(crate) async fn listed(&self, list: &Listing, page: Page) -> Result<Vec<Listed>, RegistryError> {
        let Some(span) = page.span() else { return Ok(Vec::new()) };
        Ok(self.store.listed(list, span).await?)
    }

    /// The ids of a page of a list, newest first, each with the number of rows on all pages.
    pub(crate) async fn listed_ids(
        &self,
        list: &Listing,
        page: Page,
    ) -> Result<Vec<(i64, i64)>, RegistryError> {
        let Some(span) = page.span() else { return Ok(Vec::new()) };
        Ok(self.store.listed_ids(list, span).await?)
    }

    /// The rows of some of many ids, in their order.
    pub(crate) async fn listed_rows(&self, ids: &[(i64, i64)]) -> Result<Vec<Listed>, RegistryError> {
        Ok(self.store.listed_rows(ids).await?)
    }

    /// The `raw` of the newest row of one version.
    pub(crate) async fn raw(&self, place: &Place, version: &str) -> Result<Option<String>, RegistryError> {
        Ok(self.store.raw(place, version).await?)
    }

    /// One v1 row.
    pub(crate) async fn row(&self, id: i64) -> Result<Option<Row>, RegistryError> {
        Ok(self.store.row(id).await?)
    }

    /// Every place that v1 knows.
    pub(crate) async fn places(&self) -> Result<Vec<Place>, RegistryError> {
        Ok(self.store.places().await?)
    }

    /// The present day in UTC.
    pub(crate) fn today(&self) -> Date {
        self.world.now().to_zoned(TimeZone::UTC).date()
    }

    /// The numbers of each of the last ten days in UTC, today included.
    pub(crate) async fn stats(&self) -> Result<Vec<Stat>, RegistryError> {
        let since = self.today().checked_sub(Span::new().days(9));
        let since = since.and_then(|since| TimeZone::UTC.to_timestamp(since.at(0, 0, 0, 0)));
        let since = since.unwrap_or(Timestamp::MIN);
        Ok(self.store.stats(since).await?)
    }

    /// The answer to a question of v1 as it is kept, or as it is made now. An empty one says that nothing was found.
    pub(crate) async fn kept<F>(
        &self,
        question: &[&str],
        make: impl FnOnce() -> F,
    ) -> Result<String, RegistryError>
    where
        F: Future<Output = Result<String, RegistryError>>,
    {
        self.store.kept(question, make).await
    }

    /// How it goes with Redis, where it is used.
    pub(crate) fn cache_figures(&self) -> Option<CacheFigures> {
        self.store.cache_figures()
    }

    /// Why Redis is not asked, where that is so.
    pub(crate) fn cache_trouble(&self) -> Option<String> {
        self.store.cache_trouble()
    }

    /// Waits until Redis answers where it did not (`was` says whether it did), or the other way round; for ever without
    /// Redis.
    pub(crate) async fn cache_turned(&self, was: bool) {
        self.store.cache_turned(was).await;
    }

    /// Whether the database answers.
    pub(crate) async fn healthy(&self) -> bool {
        self.store.check().await.is_ok()
    }

    /// The name of the database engine.
    pub(crate) fn engine(&self) -> &'static str {
        self.store.engine()
    }

    /// What an operator should know about the database.
    pub(crate) fn warnings(&self) -> &[String] {
        self.store.warnings()
    }

    /// Whether nothing is written any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.store.is_broken()
    }

    /// Waits until nothing is written any more, because the disk failed.
    pub(crate) async fn broken(&self) {
        self.store.broken().await;
    }

    /// Closes the database.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_as_the_original_counts_them() {
        let span = |number, size| Page { number, size }.span().map(|span| (span.offset, span.limit));
        assert_eq!(span(0, 25), Some((0, 25)));
        assert_eq!(span(-1, 0), Some((0, 0)));
        assert_eq!(span(1, -5), Some((0, 1)));
        assert_eq!(span(3, 0), Some((2, 1)));
        assert_eq!(span(3, 10), Some((20, 10)));
        assert_eq!(span(i64::MAX, 2), None);
    }
}
