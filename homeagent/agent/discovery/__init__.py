"""Finds out how a home is wired, from what Home Assistant knows of it, and writes it as a configuration.

The steps, none of which needs a terminal; `homeagent discover` and the guided page share them:

    survey = await homeagent.hass.survey.survey(connection, now)     # one look; reads only
    understanding = understand(survey, answers)                      # pure; ask again with more answers
    still_open(understanding, answers)                               # questions without answer or suggestion
    text = config_text(understanding, url, made_at)                  # commented YAML
    write_config(path, text, token)                                  # never over a file; secrets beside it

`answers` are by `Question.key`; `understand` takes the suggestion of every question that has no answer.
"""
