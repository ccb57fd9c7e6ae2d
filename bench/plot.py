"""The results as a plot: plain SVG."""
from html import escape

WIDTH, HEIGHT, MARGIN = 420, 260, 56
COLORS = ["#4878a8", "#c05a3c", "#5a9a58", "#8a63a8", "#b8942e", "#5f6b76"]


def text(x, y, words, anchor="middle", size=11):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}">'
            f"{escape(words)}</text>")


def panel(title, columns, series, left):
    """`series`: {name: [a value for each column]}; bars in groups."""
    parts = [text(left + WIDTH / 2, 18, title, size=13)]
    most = max(max(values) for values in series.values()) or 1
    floor, top = HEIGHT - 40, 30
    for i in range(5):
        y = floor - (floor - top) * i / 4
        parts.append(f'<line x1="{left + MARGIN}" x2="{left + WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" '
                     'stroke="#ddd"/>')
        parts.append(text(left + MARGIN - 6, y + 4, f"{most * i / 4:,.0f}", "end", 10))
    group = (WIDTH - MARGIN - 8) / len(columns)
    bar = group * 0.8 / len(series)
    for c, column in enumerate(columns):
        x = left + MARGIN + group * (c + 0.1)
        parts.append(text(x + group * 0.4, floor + 16, column))
        for s, values in enumerate(series.values()):
            height = (floor - top) * values[c] / most
            parts.append(f'<rect x="{x + bar * s:.1f}" y="{floor - height:.1f}" width="{bar:.1f}" '
                         f'height="{height:.1f}" fill="{COLORS[s % len(COLORS)]}"/>')
    step = (WIDTH - MARGIN) / len(series)
    for s, name in enumerate(series):
        x = left + MARGIN + step * s
        parts.append(f'<rect x="{x:.0f}" y="{HEIGHT - 14}" width="9" height="9" '
                     f'fill="{COLORS[s % len(COLORS)]}"/>')
        parts.append(text(x + 12, HEIGHT - 6, name, "start", 10))
    return parts


def draw(results):
    panels = []
    http = results.get("http")
    if http:
        names = list(next(iter(http.values())))
        panels.append(("requests a second, by connections", list(http),
                       {name: [rows[name]["rate"] for rows in http.values()] for name in names}))
        panels.append(("p99 in ms, by connections", list(http),
                       {name: [rows[name]["p99_us"] / 1000 for rows in http.values()]
                        for name in names}))
    growth = results.get("growth")
    if growth:
        sizes = list(dict.fromkeys(name.rsplit(" ", 1)[1] for name in growth))
        kinds = list(dict.fromkeys(name.rsplit(" ", 1)[0] for name in growth))
        panels.append(("requests a second, by secrets", sizes,
                       {kind: [growth[f"{kind} {size}"]["rate"] for size in sizes]
                        for kind in kinds}))
    policies = results.get("policies")
    if policies:
        panels.append(("reads a second, by policies", [name.split()[0] for name in policies],
                       {"read": [row["rate"] for row in policies.values()]}))
    parts = []
    for i, (title, columns, series) in enumerate(panels):
        parts += panel(title, columns, series, i * WIDTH)
    width = max(1, len(panels)) * WIDTH
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
            'font-family="sans-serif" fill="#333">\n'
            f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(parts)
            + "\n</svg>\n")
