-- A booking without a patient.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"doctor_id": "strange", "start": "2030-01-07T09:00:00Z", "duration_minutes": 30}'
