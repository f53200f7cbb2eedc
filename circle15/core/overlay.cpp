#include "overlay.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace circle15 {

namespace {

constexpr double kNoShare = 1e-12;       // of a pixel's area: what rounding leaves of parts that only touch
constexpr std::size_t kManyPoints = 16;  // from here on a polygon is cut down on the way to its pixels

struct Point {
    double x, y;
    friend Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
};

double cross(Point a, Point b) { return a.x * b.y - a.y * b.x; }

struct Box {
    double west = std::numeric_limits<double>::infinity(), south = west, east = -west, north = -west;

    void add(Point p) {
        west = std::min(west, p.x), south = std::min(south, p.y);
        east = std::max(east, p.x), north = std::max(north, p.y);
    }
    void add(const Box& b) {
        west = std::min(west, b.west), south = std::min(south, b.south);
        east = std::max(east, b.east), north = std::max(north, b.north);
    }
    [[nodiscard]] bool meets(const Box& b) const {
        return west <= b.east && b.west <= east && south <= b.north && b.south <= north;
    }
    [[nodiscard]] bool holds(const Box& b) const {
        return west <= b.west && b.east <= east && south <= b.south && b.north <= north;
    }
};

// Open rings, one after another.
struct Shape {
    std::vector<Point> points;
    std::vector<std::size_t> ends;
    Box box;

    void clear() { points.clear(), ends.clear(), box = {}; }
    void end_ring() {
        if (const std::size_t begin = ends.empty() ? 0 : ends.back(); points.size() > begin) {
            ends.push_back(points.size());
        }
    }
};

// Cuts a ring by one straight line after another (Sutherland and Hodgman 1974). A ring that the line cuts into several
// stays one, whose parts hang together along the line there and back: areas and moments are those of the parts.
class Clipper {
   public:
    void load(std::span<const Point> ring, Point origin) {
        ring_.clear();
        for (const Point p : ring) {
            ring_.push_back(p - origin);
        }
    }

    // Keeps what lies where `side` is not negative.
    template <class Side>
    void cut(const Side& side) {
        cut_.clear();
        if (ring_.empty()) {
            return;
        }
        Point last = ring_.back();
        double last_side = side(last);
        for (const Point next : ring_) {
            const double next_side = side(next);
            if ((last_side < 0) != (next_side < 0)) {
                // From the inner end, whichever way the ring runs: neighbours meet the line at the very same point.
                const bool is_leaving = next_side < 0;
                const Point from = is_leaving ? last : next, step = is_leaving ? next - last : last - next;
                const double in = is_leaving ? last_side : next_side, out = is_leaving ? next_side : last_side;
                const double t = in / (in - out);
                cut_.push_back({from.x + t * step.x, from.y + t * step.y});
            }
            if (next_side >= 0) {
                cut_.push_back(next);
            }
            last = next, last_side = next_side;
        }
        std::swap(ring_, cut_);
    }

    [[nodiscard]] std::span<const Point> ring() const { return ring_; }

   private:
    std::vector<Point> ring_, cut_;
};

struct Moments {
    double area = 0, x = 0, y = 0;  // signed area, and its integrals of x and y

    void add(std::span<const Point> ring, double sign) {
        for (std::size_t i = 0; i < ring.size(); ++i) {
            const Point p = ring[i], q = ring[i + 1 < ring.size() ? i + 1 : 0];
            const double twice = sign * cross(p, q);
            area += twice / 2, x += twice * (p.x + q.x) / 6, y += twice * (p.y + q.y) / 6;
        }
    }
};

class Overlayer {
   public:
    Overlayer(const PixelMesh& mesh, Point origin) : mesh_(mesh), origin_(origin) {
        levels_.push_back(pixel_boxes());
        while (levels_.back().boxes.size() > 1) {
            levels_.push_back(coarser(levels_.back()));
        }
        parts_.resize(levels_.size());
    }

    void add(std::int32_t polygon, const Shape& shape) {
        const std::size_t begin = made_.pixel.size();
        descend(levels_.size() - 1, 0, 0, polygon, shape);
        sort_from(begin);
    }

    [[nodiscard]] Overlay take() { return std::move(made_); }

   private:
    // Boxes around 2^level x 2^level pixels each, wanted ones alone.
    struct Level {
        std::size_t n_rows, n_columns;
        std::vector<Box> boxes;
    };

    [[nodiscard]] Point corner(std::size_t row, std::size_t column) const {
        const std::size_t at = row * (mesh_.n_columns + 1) + column;
        return Point{mesh_.x[at], mesh_.y[at]} - origin_;
    }

    [[nodiscard]] std::array<Point, 4> quad(std::size_t row, std::size_t column) const {
        return {corner(row, column), corner(row, column + 1), corner(row + 1, column + 1), corner(row + 1, column)};
    }

    [[nodiscard]] Level pixel_boxes() const {
        Level made{mesh_.n_rows, mesh_.n_columns, std::vector<Box>(mesh_.n_rows * mesh_.n_columns)};
        for (std::size_t row = 0; row < made.n_rows; ++row) {
            for (std::size_t column = 0; column < made.n_columns; ++column) {
                const std::size_t pixel = row * made.n_columns + column;
                if (mesh_.is_wanted[pixel] != 0) {
                    for (const Point p : quad(row, column)) {
                        made.boxes[pixel].add(p);
                    }
                }
            }
        }
        return made;
    }

    [[nodiscard]] static Level coarser(const Level& fine) {
        Level made{(fine.n_rows + 1) / 2, (fine.n_columns + 1) / 2, {}};
        made.boxes.resize(made.n_rows * made.n_columns);
        for (std::size_t row = 0; row < fine.n_rows; ++row) {
            for (std::size_t column = 0; column < fine.n_columns; ++column) {
                made.boxes[row / 2 * made.n_columns + column / 2].add(fine.boxes[row * fine.n_columns + column]);
            }
        }
        return made;
    }

    void descend(std::size_t level, std::size_t row, std::size_t column, std::int32_t polygon, const Shape& shape) {
        const Box& box = levels_[level].boxes[row * levels_[level].n_columns + column];
        if (!box.meets(shape.box)) {
            return;
        }
        if (level == 0) {
            share_out(row, column, polygon, shape);
            return;
        }
        const Shape* part = &shape;
        if (shape.points.size() >= kManyPoints && !box.holds(shape.box)) {
            cut_to(box, shape, parts_[level]);
            part = &parts_[level];
        }
        const Level& finer = levels_[level - 1];
        for (std::size_t r = 2 * row; r < std::min(2 * row + 2, finer.n_rows); ++r) {
            for (std::size_t c = 2 * column; c < std::min(2 * column + 2, finer.n_columns); ++c) {
                descend(level - 1, r, c, polygon, *part);
            }
        }
    }

    void cut_to(const Box& box, const Shape& shape, Shape& part) {
        part.clear();
        std::size_t begin = 0;
        for (const std::size_t end : shape.ends) {
            clipper_.load({shape.points.data() + begin, end - begin}, {0, 0});
            clipper_.cut([&](Point p) { return p.x - box.west; });
            clipper_.cut([&](Point p) { return box.east - p.x; });
            clipper_.cut([&](Point p) { return p.y - box.south; });
            clipper_.cut([&](Point p) { return box.north - p.y; });
            for (const Point p : clipper_.ring()) {
                part.points.push_back(p);
                part.box.add(p);
            }
            part.end_ring();
            begin = end;
        }
    }

    // What a convex polygon, corners counter-clockwise, has of the shape; moments are seen from `origin`.
    void add_within(std::span<const Point> corners, Point origin, const Shape& shape, double sign, Moments& sum) {
        std::size_t begin = 0;
        for (const std::size_t end : shape.ends) {
            clipper_.load({shape.points.data() + begin, end - begin}, origin);
            for (std::size_t i = 0; i < corners.size(); ++i) {
                const Point from = corners[i] - origin;
                const Point along = corners[i + 1 < corners.size() ? i + 1 : 0] - corners[i];
                clipper_.cut([from, along](Point p) { return cross(along, p - from); });
            }
            sum.add(clipper_.ring(), sign);
            begin = end;
        }
    }

    void share_out(std::size_t row, std::size_t column, std::int32_t polygon, const Shape& shape) {
        std::array<Point, 4> q = quad(row, column);
        // Doubled areas of the two triangles at the first corner, and whether every corner turns the same way.
        double first = cross(q[1] - q[0], q[2] - q[0]), second = cross(q[2] - q[0], q[3] - q[0]);
        if (first + second < 0) {
            std::swap(q[1], q[3]);
            first = cross(q[1] - q[0], q[2] - q[0]), second = cross(q[2] - q[0], q[3] - q[0]);
        }
        const bool is_convex = first >= 0 && second >= 0 && cross(q[2] - q[1], q[3] - q[1]) >= 0 &&
                               cross(q[1] - q[0], q[3] - q[0]) >= 0;
        Moments sum;
        if (is_convex) {
            add_within(q, q[0], shape, 1.0, sum);
        } else {
            add_triangle({q[0], q[1], q[2]}, first, shape, sum);
            add_triangle({q[0], q[2], q[3]}, second, shape, sum);
        }
        const double share = 2 * sum.area / (first + second);
        if (share > kNoShare) {
            made_.polygon.push_back(polygon);
            made_.pixel.push_back(static_cast<std::int64_t>(row * mesh_.n_columns + column));
            made_.share.push_back(share);
            made_.area.push_back(sum.area);
            made_.x.push_back(origin_.x + (q[0].x + sum.x / sum.area));
            made_.y.push_back(origin_.y + (q[0].y + sum.y / sum.area));
        }
    }

    // A pixel with a corner that turns inwards is the sum of two triangles, one of which may count negative.
    void add_triangle(std::array<Point, 3> corners, double twice_area, const Shape& shape, Moments& sum) {
        const Point origin = corners[0];
        if (twice_area < 0) {
            std::swap(corners[1], corners[2]);
        }
        add_within(corners, origin, shape, twice_area < 0 ? -1.0 : 1.0, sum);
    }

    // The tree of boxes gives pixels by quarters; rows of pixels they are in the end.
    void sort_from(std::size_t begin) {
        std::vector<std::size_t> order(made_.pixel.size() - begin);
        std::iota(order.begin(), order.end(), begin);
        std::sort(order.begin(), order.end(),
                  [this](std::size_t a, std::size_t b) { return made_.pixel[a] < made_.pixel[b]; });
        const auto sort = [&]<class T>(std::vector<T>& values) {
            std::vector<T> sorted(order.size());
            std::transform(order.begin(), order.end(), sorted.begin(), [&](std::size_t i) { return values[i]; });
            std::copy(sorted.begin(), sorted.end(), values.begin() + static_cast<std::ptrdiff_t>(begin));
        };
        sort(made_.pixel), sort(made_.share), sort(made_.area), sort(made_.x), sort(made_.y);
    }

    PixelMesh mesh_;
    Point origin_;
    std::vector<Level> levels_;
    std::vector<Shape> parts_;  // by level
    Clipper clipper_;
    Overlay made_;
};

}  // namespace

Overlay overlay(const Rings& rings, const PixelMesh& mesh) {
    if (mesh.is_wanted.empty() || rings.owner.empty()) {
        return {};
    }
    // Areas are differences of products: seen from near by, nothing is lost of them.
    const Point origin{rings.x[0], rings.y[0]};
    Overlayer overlayer(mesh, origin);
    Shape shape;
    for (std::size_t ring = 0; ring < rings.owner.size(); ++ring) {
        const auto begin = static_cast<std::size_t>(rings.begin[ring]), end = static_cast<std::size_t>(rings.begin[ring + 1]);
        for (std::size_t i = begin; i + 1 < end; ++i) {  // the last point is the first
            const Point p = Point{rings.x[i], rings.y[i]} - origin;
            shape.points.push_back(p);
            shape.box.add(p);
        }
        shape.end_ring();
        if (ring + 1 == rings.owner.size() || rings.owner[ring + 1] != rings.owner[ring]) {
            overlayer.add(rings.owner[ring], shape);
            shape.clear();
        }
    }
    return overlayer.take();
}

}  // namespace circle15
