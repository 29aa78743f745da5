"""The notice in French."""

from proctoring.exams.notice_texts.texts import Texts

FR = Texts(
    title="Ce qui est enregistré, et pourquoi",
    lede="Vous passez « {exam} » chez vous. Pour être sûrs que vous le faites vous-même et sans aide, nous "
    "enregistrons ce qui suit du début à la fin. Rien n’est encore enregistré.",
    what="Quoi",
    things={
        "webcam": ("Webcam", "image et son de vous et de la pièce"),
        "phone": ("Téléphone ou tablette", "image et son de côté ; sans application"),
        "screen": ("Écran", "tout ce qui se trouve sur votre écran entier"),
        "identity": ("Carte d’identité", "une photo ; vous masquez le numéro national"),
        "activity": (
            "Activité",
            "sites, programmes et adresses que vous utilisez ; le moment où vous quittez la page de l’examen "
            "ou collez quelque chose, jamais ce que vous collez ; le moment où une caméra ou un micro tombe "
            "en panne, ou l’horloge de l’ordinateur est réglée",
        ),
        "answers": ("Vos réponses", "ce que vous répondez à chaque question, et quand"),
        "signals": (
            "Petites images et mesures",
            "tirées de l’enregistrement toutes les quelques secondes : si l’image est sombre, vide ou figée, "
            "quelle part en change, combien de visages elle montre, le niveau du son. Votre visage n’est pas "
            "reconnu et aucune émotion n’est mesurée. Une mesure ne décide rien : elle montre à une personne "
            "où regarder",
        ),
    },
    what_source="Tout provient de vos propres appareils.",
    why="Pourquoi",
    why_purpose="Pour vérifier que les règles de l’examen sont respectées.",
    why_ground="La base juridique est {ground}. Elle ne repose pas sur votre consentement : il n’y a donc "
    "rien à cocher.",
    grounds={
        "contract": "le contrat avec vous (RGPD, article 6.1 b)",
        "legal-obligation": "une obligation légale (RGPD, article 6.1 c)",
        "public-task": "une mission d’intérêt public (RGPD, article 6.1 e)",
        "legitimate-interest": "un intérêt légitime : des examens honnêtes (RGPD, article 6.1 f)",
    },
    why_people="Aucune machine ne vous juge et personne ne reçoit de score. Une personne regarde "
    "l’enregistrement, et deux personnes doivent être d’accord avant que quoi que ce soit compte contre "
    "vous.",
    who="Qui le voit",
    who_staff="Les surveillants qui contrôlent l’examen.",
    who_committee="La commission de recours, seulement si vous introduisez un recours.",
    who_written_down="Chaque consultation est notée avant que l’image s’affiche. Vous pouvez lire dans quel "
    "rôle quelqu’un a regardé, et quand.",
    who_outside="Personne d’autre, sauf si vous êtes d’accord ou si la loi y donne droit à une autorité. "
    "Rien ne quitte l’Espace économique européen.",
    who_sealed="Tout est chiffré avant d’être conservé, avec des clés faites pour votre session seulement.",
    until="Jusqu’à quand",
    until_results="L’enregistrement est effacé quand vous ne pouvez plus faire d’objection : {days} après la "
    "publication des résultats, à la fin de ce jour (heure de {city}).",
    until_results_day="L’enregistrement est effacé à la fin du jour où les résultats sont publiés (heure de "
    "{city}).",
    until_no_results="S’il n’y a pas de résultats, il est effacé {days} après l’examen.",
    until_exam="L’enregistrement est effacé quand vous ne pouvez plus faire d’objection : {days} après "
    "l’examen, à la fin de ce jour (heure de {city}).",
    until_exam_day="L’enregistrement est effacé à la fin du jour de l’examen (heure de {city}).",
    until_longer="Il est conservé plus longtemps seulement si une personne décide qu’il y a eu un incident, "
    "si vous introduisez un recours ou si la loi l’exige. Il est alors conservé aussi longtemps que la "
    "procédure l’exige. Votre page personnelle vous le dit.",
    until_identity="La photo de votre carte d’identité n’est vue que par le surveillant qui contrôle votre "
    "examen, et par la commission si vous introduisez un recours. Elle est effacée à la fin "
    "du jour où ce surveillant confirme que c’est bien vous, et au plus tard avec "
    "l’enregistrement.",
    until_words="Ce que des personnes écrivent sur votre examen (messages, notes, motifs) est effacé avec "
    "l’enregistrement. Si un incident a été décidé, ou si vous avez introduit un recours, "
    "cela est conservé aussi longtemps que le dossier d’examen.",
    until_record="À part cela, le dossier d’examen (votre référence, quel examen, quand, et ce qui a été "
    "décidé) est conservé {years} ans, parce que la loi l’exige. Il ne contient ni image ni "
    "son.",
    instead="Vous préférez ne pas être enregistré ?",
    instead_in_person="Vous pouvez passer cet examen sur place. Demandez-le avant de commencer.",
    instead_ask="Demander à passer l’examen sur place",
    rights="Vos droits, contact et plaintes",
    rights_list="Vous pouvez demander à voir vos données, à les faire corriger ou effacer, à en limiter "
    "l’usage ou à les emporter, et vous pouvez vous opposer.",
    rights_how="Écrivez-nous. Nous vérifions votre identité et répondons dans un délai d’un mois. Si cela ne "
    "suffit pas, nous vous disons pourquoi pendant ce mois ; deux mois de plus sont alors possibles.",
    rights_responsible="Responsable de vos données : {controller}.",
    rights_complaint="Vous pouvez déposer une plainte auprès de l’autorité de protection des données : "
    "{authority}.",
    ruler_exam="examen",
    ruler_results="résultats",
    ruler_erased="effacé",
    day="jour",
    more_days="jours",
)
