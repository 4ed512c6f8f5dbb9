-- Books one-minute appointments, each at another time: one on each of 400 working days, then the
-- next on each of them. FIRST is the number of times that are used already.
local days = 400
local week = 7 * 86400
local first_monday = 4 * 86400 -- 1970-01-05
local monday = first_monday + (math.floor((os.time() - first_monday) / week) + 2) * week
local booked = tonumber(os.getenv("FIRST") or "0")

request = function()
  local day, minute = booked % days, math.floor(booked / days)
  booked = booked + 1
  local at = monday + math.floor(day / 5) * week + day % 5 * 86400 + (9 * 60 + minute) * 60
  local body = string.format(
    '{"doctor_id": "strange", "start": "%s", "duration_minutes": 1, "patient": {"name": "Ada Lovelace"}}',
    os.date("!%Y-%m-%dT%H:%M:%SZ", at))
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end
