-- Orders per day of the shop's zone. `report_days` has a row per day: day, start_at, end_at, and utc_day to find an instant's day by.
SELECT CASE WHEN o.at_us >= g.end_at THEN g.day + 1 WHEN o.at_us < g.start_at THEN g.day - 1 ELSE g.day END AS day, COUNT(*) AS orders
FROM orders o JOIN report_days g ON g.utc_day = (o.at_us + 8640000000000000000) // 86400000000
GROUP BY 1
ORDER BY 1
