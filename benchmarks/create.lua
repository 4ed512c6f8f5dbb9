-- Books one-minute appointments, every one a time of its own, spread over 250 working days.
local monday = 1799049600 -- 2027-01-04T08:00:00Z
local booked = tonumber(os.getenv("FIRST") or "0")

request = function()
  local day, minute = booked % 250, math.floor(booked / 250) + 60
  booked = booked + 1
  local at = monday + (math.floor(day / 5) * 7 + day % 5) * 86400 + minute * 60
  local body = string.format(
    '{"doctor_id": "strange", "start": "%s", "duration_minutes": 1, "patient": {"name": "Ada Lovelace"}}',
    os.date("!%Y-%m-%dT%H:%M:%SZ", at))
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end
