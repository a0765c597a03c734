"""The examples that each tab opens with and offers; the embedded model answers them well."""

from __future__ import annotations

ENTITIES = [
    [
        "Apple CEO Tim Cook announced iPhone 15 in Cupertino yesterday.",
        "company, person, product, location, date",
    ],
    [
        "Patient received 400mg ibuprofen for severe headache at 2 PM.",
        "medication: Names of drugs\ndosage: Amounts such as 400mg\nsymptom: Complaints of the patient\n"
        "time: Times of day",
    ],
    [
        "Maria Garcia flew from Madrid to Oslo on Monday to meet Lars Hansen of Siemens.",
        "person, city, company, date",
    ],
]

CLASSIFICATION = [
    [
        "The battery died after one day. I want my money back.",
        "sentiment: positive, negative, neutral\nintent: refund request, question, praise",
    ],
    [
        "Great camera and decent performance.",
        "sentiment: positive, negative, neutral\naspects (several): camera, performance, price, battery",
    ],
]

STRUCTURES = [
    [
        "The iPhone 15 costs $999 and comes in blue. The Galaxy S24 costs $799 and comes in black.",
        "product:\n  name::str\n  price::str\n  color::[blue|black|red]::str",
    ],
    [
        "Alice Brown is a software engineer at Google and earns $150,000.",
        "employee:\n  name::str\n  occupation::str::What the person does\n  company::str\n  salary::str",
    ],
    [
        "Lars Hansen of Siemens bought the Galaxy S24 for $799.",
        "product:\n  name::str\n  price::str\n\ncustomer:\n  name::str\n  company::str",
    ],
]

WHOLE = [
    [
        "Apple CEO Tim Cook announced the wonderful iPhone 15 for $999.",
        """{
  "entities": ["person", "company"],
  "classifications": [
    {"task": "sentiment", "labels": ["positive", "negative", "neutral"]}
  ],
  "structures": {
    "product": {"fields": [
      {"name": "name", "dtype": "str"},
      {"name": "price", "dtype": "str"}
    ]}
  },
  "relations": ["works_for"]
}""",
    ],
    [
        "Tim Cook works for Apple and lives in Cupertino.",
        """{
  "entities": {
    "person": "Names of people",
    "company": "Names of firms",
    "city": {"description": "Names of places", "threshold": 0.4}
  },
  "relations": ["works_for", "lives_in"]
}""",
    ],
]
