"""The notice in English."""

from proctoring.exams.notice_texts.texts import Texts

EN = Texts(
    title="What is recorded, and why",
    lede="You sit “{exam}” at home. To be sure that you do it yourself and without help, we record the "
    "following from start to end. Nothing is recorded yet.",
    what="What",
    things={
        "webcam": ("Webcam", "picture and sound of you and the room"),
        "phone": ("Phone or tablet", "picture and sound from the side; no app is needed"),
        "screen": ("Screen", "everything that is on your whole screen"),
        "identity": ("Identity card", "a still picture; you cover the national number"),
        "activity": (
            "Activity",
            "websites, programs and addresses you use; when you leave the exam page or paste something, "
            "never what you paste; when a camera or microphone fails, or the computer’s clock is set",
        ),
        "answers": ("Your answers", "what you answer to each question, and when"),
        "signals": (
            "Small pictures and measurements",
            "made of the recording every few seconds: whether the picture is dark, blank or still, how much "
            "of it changes, how many faces it shows, how loud it is. Your face is not recognised and no "
            "emotion is measured. A measurement decides nothing: it shows a person where to look",
        ),
    },
    what_source="All of it comes from your own devices.",
    why="Why",
    why_purpose="To check that the exam rules are followed.",
    why_ground="The legal ground is {ground}. It does not rest on your consent, so there is no box to tick.",
    grounds={
        "contract": "the contract with you (GDPR article 6.1 b)",
        "legal-obligation": "a legal obligation (GDPR article 6.1 c)",
        "public-task": "a task in the public interest (GDPR article 6.1 e)",
        "legitimate-interest": "a legitimate interest: honest exams (GDPR article 6.1 f)",
    },
    why_people="No machine judges you and nobody gets a score. A person looks at the recording, and two "
    "people must agree before anything counts against you.",
    who="Who sees it",
    who_staff="The proctors who review the exam.",
    who_committee="The appeals committee, only if you appeal.",
    who_written_down="Each look is written down before the picture is shown. You can read in which role "
    "somebody looked, and when.",
    who_outside="Nobody else, unless you agree or the law entitles a public authority to it. Nothing leaves "
    "the European Economic Area.",
    who_sealed="Everything is encrypted before it is stored, with keys made for your session alone.",
    until="Until when",
    until_results="The recording is erased when you can no longer object: {days} after the results are "
    "published, at the end of that day ({city} time).",
    until_results_day="The recording is erased at the end of the day on which the results are published "
    "({city} time).",
    until_no_results="If there are no results, it is erased {days} after the exam.",
    until_exam="The recording is erased when you can no longer object: {days} after the exam, at the end of "
    "that day ({city} time).",
    until_exam_day="The recording is erased at the end of the day of the exam ({city} time).",
    until_longer="It is kept longer only if a person decides that there was an incident, if you appeal, or "
    "if the law requires it. Then it is kept for as long as that procedure needs. Your own page tells you "
    "so.",
    until_identity="The picture of your identity card is seen only by the proctor who reviews your exam, "
    "and by the committee if you appeal. It is erased at the end of the day on which that "
    "proctor has confirmed that it is you, and with the recording at the latest.",
    until_words="What people write about your exam (messages, notes, reasons) is erased with the "
    "recording. If an incident was decided, or you appealed, it is kept as long as the exam "
    "record.",
    until_record="Apart from this, the exam record (your reference, which exam, when, and what was "
    "decided) is kept for {years} years, because the law requires it. It holds no picture and "
    "no sound.",
    instead="Rather not be recorded?",
    instead_in_person="You can sit this exam in person instead. Ask for it before you start.",
    instead_ask="Ask to sit the exam in person",
    rights="Your rights, contact and complaints",
    rights_list="You may ask to see your data, to have them corrected or erased, to restrict how they are "
    "used, to take them with you, and you may object.",
    rights_how="Write to us. We check who you are and answer within one month. If that is not enough, we "
    "tell you why within that month; it can then take two months more.",
    rights_responsible="Responsible for your data: {controller}.",
    rights_complaint="You may complain to the data protection authority: {authority}.",
    ruler_exam="exam",
    ruler_results="results",
    ruler_erased="erased",
    day="day",
    more_days="days",
)
