"""Keeps a replica of a registry from its topic, a whole transaction at a time,
and prints a line for each.

    pip install -r requirements.txt
    python replica.py localhost:9092 sdmx.structures [once]

With "once" it ends at the end of the topic and prints what it holds.
"""

import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition


class Replica:
    """The newest message of each structure, by URN."""

    def __init__(self):
        self.structures = {}
        self.pending = []  # messages of one transaction, not yet applied

    def take(self, message):
        """Collects until the transaction is whole: position = count, or a message of the next one."""
        if self.pending and transaction(message) != transaction(self.pending[0]):
            self.apply()
        self.pending.append(message)
        if header(message, "urncast-txn-position") == header(message, "urncast-txn-count"):
            self.apply()

    def apply(self):
        """Puts a whole transaction into the replica. With a database this is one database transaction."""
        if not self.pending:
            return
        for message in self.pending:
            urn = message.key().decode()
            if message.value() is None:
                self.structures.pop(urn, None)  # it may never have been there
            else:
                self.structures[urn] = message.value()
        first = self.pending[0]
        number, action = header(first, "urncast-txn"), header(first, "urncast-action")
        print(f"transaction {number}: {action} {len(self.pending)}, {len(self.structures)} structures", flush=True)
        self.pending = []


def transaction(message):
    """Tells one Kafka transaction from the next."""
    return [header(message, h) for h in ("urncast-txn", "urncast-txn-id", "urncast-action")]


def header(message, name):
    for key, value in message.headers() or []:
        if key == name:
            return value.decode()
    return ""


def main(bootstrap, topic, once):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "urncast-example",  # needed by the client, not used: offsets live with the replica
            "enable.auto.commit": False,
            "isolation.level": "read_committed",  # neither what was aborted nor what is still open
            "enable.partition.eof": True,
        }
    )
    # A replica kept in memory begins at the beginning. One kept in a database
    # stores the next offset in the same database transaction as the structures,
    # and goes on from there.
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    replica = Replica()
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error() is None:
            replica.take(message)
        elif message.error().code() == KafkaError._PARTITION_EOF:
            # What is committed is committed whole: at the end of the log nothing
            # more of this transaction can come.
            replica.apply()
            if once:
                break
        elif message.error().fatal() or message.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise KafkaException(message.error())
    consumer.close()
    for urn in sorted(replica.structures):
        print(f"{len(replica.structures[urn])}\t{urn}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "once" in sys.argv[3:])
