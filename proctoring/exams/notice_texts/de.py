"""The notice in German."""

from proctoring.exams.notice_texts.texts import Texts

DE = Texts(
    title="Was aufgezeichnet wird, und warum",
    lede="Sie legen „{exam}“ zu Hause ab. Damit sicher ist, dass Sie es selbst und ohne Hilfe tun, zeichnen "
    "wir von Anfang bis Ende Folgendes auf. Noch wird nichts aufgezeichnet.",
    what="Was",
    things={
        "webcam": ("Webcam", "Bild und Ton von Ihnen und dem Raum"),
        "phone": ("Telefon oder Tablet", "Bild und Ton von der Seite; ohne App"),
        "screen": ("Bildschirm", "alles, was auf Ihrem ganzen Bildschirm steht"),
        "identity": ("Personalausweis", "ein Foto; Sie verdecken die Nationalnummer"),
        "activity": (
            "Aktivität",
            "Websites, Programme und Adressen, die Sie nutzen; wann Sie die Prüfungsseite verlassen oder "
            "etwas einfügen, nie was Sie einfügen; wann eine Kamera oder ein Mikrofon ausfällt oder die Uhr "
            "des Computers gestellt wird",
        ),
        "answers": ("Ihre Antworten", "was Sie auf jede Frage antworten, und wann"),
        "signals": (
            "Kleine Bilder und Messwerte",
            "alle paar Sekunden aus der Aufzeichnung gewonnen: ob das Bild dunkel, leer oder unbewegt ist, "
            "wie viel davon sich ändert, wie viele Gesichter es zeigt, wie laut es ist. Ihr Gesicht wird "
            "nicht erkannt und keine Emotion gemessen. Ein Messwert entscheidet nichts: Er zeigt einem "
            "Menschen, wo er hinsehen soll",
        ),
    },
    what_source="Alles kommt von Ihren eigenen Geräten.",
    why="Warum",
    why_purpose="Um zu prüfen, ob die Prüfungsregeln eingehalten werden.",
    why_ground="Die Rechtsgrundlage ist {ground}. Sie beruht nicht auf Ihrer Einwilligung, Sie müssen also "
    "nichts ankreuzen.",
    grounds={
        "contract": "der Vertrag mit Ihnen (DSGVO Artikel 6.1 b)",
        "legal-obligation": "eine gesetzliche Pflicht (DSGVO Artikel 6.1 c)",
        "public-task": "eine Aufgabe im öffentlichen Interesse (DSGVO Artikel 6.1 e)",
        "legitimate-interest": "ein berechtigtes Interesse: ehrliche Prüfungen (DSGVO Artikel 6.1 f)",
    },
    why_people="Keine Maschine urteilt über Sie, und niemand bekommt eine Punktzahl. Ein Mensch sieht sich "
    "die Aufzeichnung an, und zwei Menschen müssen sich einig sein, bevor etwas gegen Sie zählt.",
    who="Wer es sieht",
    who_staff="Die Aufsichtspersonen, die die Prüfung durchsehen.",
    who_committee="Der Beschwerdeausschuss, nur wenn Sie Beschwerde einlegen.",
    who_written_down="Jeder Blick wird notiert, bevor das Bild erscheint. Sie können lesen, in welcher Rolle "
    "jemand hineingesehen hat, und wann.",
    who_outside="Niemand sonst, außer Sie stimmen zu oder eine Behörde hat nach dem Gesetz ein Recht darauf. "
    "Nichts verlässt den Europäischen Wirtschaftsraum.",
    who_sealed="Alles wird verschlüsselt, bevor es gespeichert wird, mit Schlüsseln nur für Ihre Sitzung.",
    until="Bis wann",
    until_results="Die Aufzeichnung wird gelöscht, wenn Sie keinen Einspruch mehr erheben können: {days} "
    "nach der Bekanntgabe der Ergebnisse, am Ende dieses Tages (Zeit in {city}).",
    until_results_day="Die Aufzeichnung wird am Ende des Tages gelöscht, an dem die Ergebnisse bekannt "
    "gegeben werden (Zeit in {city}).",
    until_no_results="Gibt es keine Ergebnisse, wird sie {days} nach der Prüfung gelöscht.",
    until_exam="Die Aufzeichnung wird gelöscht, wenn Sie keinen Einspruch mehr erheben können: {days} nach "
    "der Prüfung, am Ende dieses Tages (Zeit in {city}).",
    until_exam_day="Die Aufzeichnung wird am Ende des Prüfungstages gelöscht (Zeit in {city}).",
    until_longer="Sie bleibt nur dann länger gespeichert, wenn ein Mensch entscheidet, dass es einen Vorfall "
    "gab, wenn Sie Beschwerde einlegen oder wenn das Gesetz es verlangt. Dann bleibt sie so lange "
    "gespeichert, wie das Verfahren es braucht. Ihre eigene Seite sagt es Ihnen.",
    until_identity="Das Foto Ihres Personalausweises sieht nur die Aufsichtsperson, die Ihre Prüfung "
    "durchsieht, und der Ausschuss, wenn Sie Beschwerde einlegen. Es wird am Ende des Tages "
    "gelöscht, an dem diese Person bestätigt hat, dass Sie es sind, spätestens mit der "
    "Aufzeichnung.",
    until_words="Was Menschen über Ihre Prüfung schreiben (Nachrichten, Notizen, Gründe), wird mit der "
    "Aufzeichnung gelöscht. Wurde ein Vorfall festgestellt oder haben Sie Beschwerde "
    "eingelegt, bleibt es so lange wie die Prüfungsakte.",
    until_record="Davon getrennt bleibt die Prüfungsakte (Ihre Kennung, welche Prüfung, wann, und was "
    "entschieden wurde) {years} Jahre gespeichert, weil das Gesetz es verlangt. Sie enthält "
    "kein Bild und keinen Ton.",
    instead="Lieber nicht aufgezeichnet werden?",
    instead_in_person="Sie können diese Prüfung auch vor Ort ablegen. Fragen Sie danach, bevor Sie beginnen.",
    instead_ask="Darum bitten, die Prüfung vor Ort abzulegen",
    rights="Ihre Rechte, Kontakt und Beschwerden",
    rights_list="Sie können verlangen, Ihre Daten zu sehen, sie berichtigen oder löschen zu lassen, ihre "
    "Nutzung einzuschränken oder sie mitzunehmen, und Sie können widersprechen.",
    rights_how="Schreiben Sie uns. Wir prüfen, wer Sie sind, und antworten innerhalb eines Monats. Reicht "
    "das nicht, sagen wir Ihnen in diesem Monat, warum; es kann dann zwei Monate länger dauern.",
    rights_responsible="Verantwortlich für Ihre Daten: {controller}.",
    rights_complaint="Sie können sich bei der Datenschutzbehörde beschweren: {authority}.",
    ruler_exam="Prüfung",
    ruler_results="Ergebnisse",
    ruler_erased="gelöscht",
    day="Tag",
    more_days="Tage",
)
