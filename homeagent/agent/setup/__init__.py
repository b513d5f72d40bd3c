"""The guided set-up: the steps of `homeagent discover` on a page, a trial of each device, and the file at its end."""
