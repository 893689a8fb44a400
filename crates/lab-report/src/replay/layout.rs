//! Where each terminal stands in the window.

use lab_runner::request::Size;
use ratatui::layout::Rect;

/// A narrower pane would hold no line.
const MIN_COLUMNS: u16 = 30;

/// A title and four lines.
const MIN_ROWS: u16 = 5;

/// Panes in columns and rows. What does not fit is on further pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    area: Rect,
    columns: usize,
    rows: usize,
}

impl Grid {
    /// The grid in which so many terminals of such a size show the most.
    pub(super) fn new(terminals: usize, size: Size, area: Rect) -> Self {
        let most_columns = usize::from(area.width.saturating_add(1) / (MIN_COLUMNS + 1)).max(1);
        let most_rows = usize::from(area.height / MIN_ROWS).max(1);
        let count = terminals.clamp(1, most_columns * most_rows);
        let grids = (1..=most_columns.min(count))
            .map(|columns| Self { area, columns, rows: count.div_ceil(columns) })
            .filter(|grid| grid.rows <= most_rows);
        // Rows that are missing are at least those that were there first, but lines that
        // are too long take more rows: so width counts for a little more.
        let shown = |grid: &Self| {
            let pane = grid.pane(0, count);
            let columns = f64::from(pane.width.min(size.columns)).powf(1.2);
            let rows = f64::from(pane.height.saturating_sub(1).min(size.rows));
            columns * rows
        };
        grids.max_by(|a, b| shown(a).total_cmp(&shown(b))).unwrap_or(Self {
            area,
            columns: 1,
            rows: 1,
        })
    }

    /// How many terminals there are on a page.
    pub(super) fn capacity(self) -> usize {
        self.columns * self.rows
    }

    /// Where the terminal of this index stands on a page of `count`. Between columns there is
    /// one that is left free. The last row may hold fewer panes, which are wider.
    pub(super) fn pane(self, index: usize, count: usize) -> Rect {
        let (row, column) = (index / self.columns, index % self.columns);
        let rows = count.div_ceil(self.columns).max(1);
        let columns = count.saturating_sub(row * self.columns).clamp(1, self.columns);
        let part = |whole: u16, number: usize, of: usize| {
            u16::try_from(usize::from(whole) * number / of).unwrap_or(whole)
        };
        let (left, right) = (
            part(self.area.width.saturating_add(1), column, columns),
            part(self.area.width.saturating_add(1), column + 1, columns).saturating_sub(1),
        );
        let (top, bottom) =
            (part(self.area.height, row, rows), part(self.area.height, row + 1, rows));
        Rect {
            x: self.area.x + left,
            y: self.area.y + top,
            width: right.saturating_sub(left),
            height: bottom.saturating_sub(top),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: Size = Size { columns: 80, rows: 24 };

    fn shape(terminals: usize, columns: u16, rows: u16) -> (usize, usize) {
        let grid = Grid::new(terminals, USUAL, Rect::new(0, 0, columns, rows));
        (grid.columns, grid.rows)
    }

    #[test]
    fn grids() {
        let table = [
            ((1, 80, 22), (1, 1)),
            ((2, 80, 22), (1, 2)),
            ((2, 161, 50), (2, 1)),
            ((4, 80, 22), (2, 2)),
            ((4, 161, 50), (2, 2)),
            ((3, 200, 50), (2, 2)),
            ((30, 80, 22), (2, 4)),
            ((5, 20, 3), (1, 1)),
            ((5, 0, 0), (1, 1)),
        ];
        for ((terminals, columns, rows), expected) in table {
            assert_eq!(
                shape(terminals, columns, rows),
                expected,
                "{terminals} in {columns}×{rows}"
            );
        }
    }

    #[test]
    fn the_last_row_is_filled() {
        let grid = Grid { area: Rect::new(0, 0, 81, 20), columns: 2, rows: 2 };
        let panes: Vec<Rect> = (0..3).map(|index| grid.pane(index, 3)).collect();
        assert_eq!(
            panes,
            [Rect::new(0, 0, 40, 10), Rect::new(41, 0, 40, 10), Rect::new(0, 10, 81, 10)]
        );
    }

    proptest! {
        #[test]
        fn panes_are_inside_and_apart(
            terminals in 0usize..50, width in 0u16..300, height in 0u16..100,
        ) {
            let area = Rect::new(3, 2, width, height);
            let grid = Grid::new(terminals, USUAL, area);
            let count = terminals.min(grid.capacity());
            let panes: Vec<Rect> = (0..count).map(|index| grid.pane(index, count)).collect();
            for (index, pane) in panes.iter().enumerate() {
                prop_assert_eq!(pane.intersection(area), *pane);
                for other in &panes[..index] {
                    prop_assert!(!pane.intersects(*other), "{:?} {:?}", pane, other);
                }
            }
        }
    }
}
