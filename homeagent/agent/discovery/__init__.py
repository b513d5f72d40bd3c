"""Finds out how a home is wired, from what Home Assistant knows of it, and writes it as a configuration.

The steps, none of which needs a terminal; `homeagent discover` and the guided page share them:

    profiles = load_profiles(folder_beside(path))             # homeagent.config.profile_files: ours and the user's
    survey = await run.look(spec, progress, profiles)         # one look at Home Assistant; reads only
    understanding = understand(survey, answers, profiles)     # pure; again with every answer
    still_open(understanding, answers)                        # questions with neither answer nor suggestion
    text = config_text(understanding, url, survey.at)         # commented YAML
    write_config(path, text, token)                           # never over a file; the token in secrets.yaml beside it

`answers` are by `Question.key`; `understand` takes the suggestion of every question that has no answer. Texts become
answers by `run.parsed(question, text)`.
"""
