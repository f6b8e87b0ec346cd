"""Reason codes of the comment section, and the one for what is not known."""

from __future__ import annotations

from realreach.reasons.code import ReasonCode

__all__ = ["COMMENT_CODES", "MISSING_DATA"]

COMMENT_CODES: tuple[ReasonCode, ...] = (
    ReasonCode(
        "comments_templates", "comments", ("comments__templates*", "comments__*repeats*", "comments__*twin*", "comments__*near*", "comments__*alike*", "comments__*likeness*", "comments__*duplicate*", "comments__*cluster*"),
        "Longer comments repeat each other or fill the same pattern.",
        "Komentar panjang saling mengulang atau memakai pola yang sama.",
        "Longer comments are all of their own.",
        "Komentar panjang semuanya berbeda.",
        "a slogan of fans, a giveaway that asks for a sentence, copied lyrics",
        "slogan penggemar, giveaway yang meminta kalimat tertentu, lirik yang disalin",
    ),
    ReasonCode(
        "comments_same_authors", "comments", ("comments__authors*", "comments__*crowd*", "comments__*author*", "comments__*pod*"),
        "The same people comment under most posts, or early under many of them.",
        "Orang yang sama berkomentar di sebagian besar posting, atau lebih dulu di banyak posting.",
        "Different people comment under different posts.",
        "Orang yang berbeda berkomentar di posting yang berbeda.",
        "loyal fans, friends and family, a small community",
        "penggemar setia, teman dan keluarga, komunitas kecil",
    ),
    ReasonCode(
        "comments_arrival", "comments", ("comments__delay*", "comments__arrival*", "comments__*hour*", "comments__*timing*"),
        "Comments arrive too evenly, too fast, or at a fixed time after posting.",
        "Komentar datang terlalu rata, terlalu cepat, atau pada waktu tetap sesudah posting.",
        "Comments arrive in bursts and over days, as people find a post.",
        "Komentar datang bergelombang dan berhari-hari, seperti lazimnya.",
        "an announced premiere, notifications to fans, comments collected only for some hours",
        "pemutaran perdana yang diumumkan, notifikasi penggemar, komentar hanya dicatat beberapa jam",
    ),
    ReasonCode(
        "comments_conversation", "comments", ("comments__*replies*", "comments__comment_likes*", "comments__question*", "comments__*mention*", "comments__*conversation*"),
        "There is little conversation: few answers, questions, tagged friends or liked comments.",
        "Sedikit percakapan: jarang balasan, pertanyaan, tag teman, atau komentar yang disukai.",
        "People talk: they answer, ask, tag friends and like comments.",
        "Orang bercakap: membalas, bertanya, menandai teman, dan menyukai komentar.",
        "replies that were not collected, a shy or very young audience",
        "balasan yang tidak tercatat, audiens yang pemalu atau sangat muda",
    ),
    ReasonCode(
        "comments_unvaried", "comments", ("comments__vocabulary*", "comments__*spread*", "comments__*entropy*", "comments__*diversity*", "comments__*compress*", "comments__*distinct*"),
        "Wording or length varies less than among similar creators.",
        "Pilihan kata atau panjang komentar kurang beragam dibanding kreator serupa.",
        "Wording and length vary widely.",
        "Pilihan kata dan panjang komentar beragam.",
        "a question that asks for one word, one language of few words",
        "pertanyaan yang dijawab satu kata, gaya bahasa yang ringkas",
    ),
    ReasonCode(
        "comments_unspecific", "comments", ("comments__specific*", "comments__short*", "comments__emoji_only*", "comments__length*", "comments__*caption*", "comments__*generic*", "comments__*praise*"),
        "Comments say little about the post they stand under.",
        "Komentar sedikit membahas posting tempatnya berada.",
        "Comments speak about the post they stand under.",
        "Komentar membahas posting tempatnya berada.",
        "short praise and emoji are usual in many communities; pictures without a subject",
        "pujian singkat dan emoji lazim di banyak komunitas; foto tanpa topik",
    ),
    ReasonCode(
        "comments_language", "comments", ("comments__*language*", "comments__indonesian*", "comments__english*", "comments__*script*"),
        "Languages of the comments do not fit the creator's.",
        "Bahasa komentar tidak cocok dengan bahasa kreator.",
        "Comments are in the languages of this creator's audience.",
        "Komentar memakai bahasa audiens kreator ini.",
        "an international audience, a viral post abroad, people who mix languages",
        "audiens internasional, posting viral di luar negeri, orang yang mencampur bahasa",
    ),
    ReasonCode(
        "comments_promotion", "comments", ("comments__link*", "comments__phone*", "comments__odd*", "comments__hashtag*", "comments__*promo*", "comments__*spam*"),
        "Comments advertise: links, numbers, odd letters.",
        "Komentar beriklan: tautan, nomor, huruf aneh.",
        "Comments do not advertise.",
        "Komentar tidak beriklan.",
        "strangers who advertise under everybody's posts; large honest accounts have them too",
        "orang asing yang beriklan di mana saja; akun besar yang jujur pun mengalaminya",
    ),
    ReasonCode(
        "comments_handles", "comments", ("comments__*handles*",),
        "Commenters' handles are built by one recipe, or suspicious comments come from handles built alike.",
        "Nama akun penulis komentar dibuat dengan satu pola, atau komentar mencurigakan datang dari nama akun yang mirip polanya.",
        "Commenters' handles are as varied as elsewhere, under suspicious comments too.",
        "Nama akun penulis komentar beragam seperti biasanya, juga pada komentar yang mencurigakan.",
        "handles that the platform gives, a fan community that names itself alike; a weak sign by itself",
        "nama akun bawaan platform, komunitas penggemar dengan nama serupa; hanya tanda lemah",
    ),
    ReasonCode(
        "comments_sold_style", "comments", ("comments__*sold*", "comments__*style*", "comments__*model*", "comments__*llm*", "comments__tidy*", "comments__exclam*", "comments__stretched*", "comments__ends_with*", "comments__*wording*"),
        "The style of the comments is like that of comments on offer.",
        "Gaya komentar mirip komentar yang diperjualbelikan.",
        "The style of the comments is that of people who write in passing.",
        "Gaya komentar seperti orang yang menulis sambil lalu.",
        "polite or formal audiences, writing aids built into phones and platforms",
        "audiens yang sopan atau formal, bantuan menulis di ponsel dan platform",
    ),
    ReasonCode(
        "comments_other", "comments", ("comments__*",),
        "Other signs in the comment section are unusual.",
        "Tanda lain pada kolom komentar tidak biasa.",
        "Other signs in the comment section are usual.",
        "Tanda lain pada kolom komentar wajar.",
        "comments collected in part, events that the data do not show",
        "komentar tercatat sebagian, kejadian yang tidak tampak dalam data",
    ),
)  # fmt: skip

MISSING_DATA = ReasonCode(
    "missing_data", "none", (),
    "Data that are not given leave the score nearer to suspicion.",
    "Data yang tidak tersedia membuat skor lebih dekat ke kecurigaan.",
    "Data that are not given leave the score nearer to trust.",
    "Data yang tidak tersedia membuat skor lebih dekat ke kepercayaan.",
    "nothing speaks against the creator here; more data would make the score surer",
    "tidak ada yang memberatkan kreator di sini; data tambahan membuat skor lebih pasti",
)  # fmt: skip
"""What the model assumes where a feature is not known: part of the sum, never a signal about the audience."""
