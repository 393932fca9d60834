#!/usr/bin/env python3
"""Questions to a folder of Parquet files of to_parquet.py: python3 ask.py duckdb|spark FOLDER [QUESTION]

Without a question all are asked. Both engines read the same SQL; DuckDB is for one machine, Spark (here on this machine)
for a cluster: `spark-submit --master ... ask.py spark FOLDER`, with the folder where all of them see it.
"""

import sys

# `{each}` makes a row of each value of a list.
QUESTIONS = {
    # The 99th percentile of response times, by node and minute (UTC).
    "p99": """
        SELECT node, minute, count(*) AS answers,
               round(percentile_disc(0.99) WITHIN GROUP (ORDER BY seconds) * 1000, 3) AS p99_ms
        FROM (SELECT concat(coalesce(source, source6), ':', source_port) AS node,
                     substring(cast(time AS string), 1, 16) AS minute, {each}(response_times) AS seconds
              FROM frames WHERE NOT is_request) AS times
        GROUP BY node, minute ORDER BY node, minute""",
    # The ten hottest keys of each day, single requests and batch rows alike.
    "keys": """
        SELECT day, place, namespace, digest, user_key, requests
        FROM (SELECT day, namespace, digest, max(user_key) AS user_key, count(*) AS requests,
                     row_number() OVER (PARTITION BY day ORDER BY count(*) DESC, digest) AS place
              FROM (SELECT substring(cast(time AS string), 1, 10) AS day, namespaces[{first}] AS namespace,
                           CASE WHEN {size}(digests) = 1 AND {size}(keys) = 1 THEN keys[{first}] END AS user_key,
                           {each}(digests) AS digest
                    FROM frames WHERE is_request) AS requests
              GROUP BY day, namespace, digest) AS ranked
        WHERE place <= 10 ORDER BY day, place""",
    # Who ran out of time, at which node, how often: the server says TIMEOUT (9), or the answer was late or never came.
    "timeouts": """
        SELECT client, node, count(*) AS timeouts, min(second) AS begins, max(second) AS ends
        FROM (SELECT CASE WHEN is_request THEN coalesce(source, source6)
                     ELSE coalesce(destination, destination6) END AS client,
                     CASE WHEN is_request THEN concat(coalesce(destination, destination6), ':', destination_port)
                     ELSE concat(coalesce(source, source6), ':', source_port) END AS node,
                     substring(cast(time AS string), 1, 19) AS second
              FROM frames WHERE timed_out OR array_contains(results, 9)) AS late
        GROUP BY client, node ORDER BY timeouts DESC, client, node""",
}


def duckdb_rows(folder, questions):
    import duckdb

    database = duckdb.connect()
    database.sql(f"CREATE VIEW frames AS SELECT * FROM read_parquet('{folder}/*.parquet')")
    for question in questions:
        yield database.sql(question.format(each="unnest", first=1, size="len")).fetchall()


def spark_rows(folder, questions):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("aerospike captures").config("spark.sql.session.timeZone", "UTC")
    spark = spark.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.read.parquet(f"{folder}/*.parquet").createOrReplaceTempView("frames")
    for question in questions:
        yield [tuple(row) for row in spark.sql(question.format(each="explode", first=0, size="size")).collect()]
    spark.stop()


def main(engine, folder, *names):
    names = names or tuple(QUESTIONS)
    rows_of = {"duckdb": duckdb_rows, "spark": spark_rows}[engine]
    for name, rows in zip(names, rows_of(folder, [QUESTIONS[name] for name in names])):
        print(f"-- {name}")
        for row in rows:
            print("\t".join("" if cell is None else str(cell) for cell in row))


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("duckdb", "spark"):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
