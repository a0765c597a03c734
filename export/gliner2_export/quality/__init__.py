"""What a graph costs against another: texts, answers, figures, and the report that tells of them."""
