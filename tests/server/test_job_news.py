"""Word of a job reaches those who listen for it, and nobody else."""

from __future__ import annotations

import asyncio
from threading import Thread

import pytest

from exportkit.server.job_news import JobNews


def told_by_a_thread(news: JobNews, job_id: str) -> None:
    thread = Thread(target=news.tell, args=(job_id,))
    thread.start()
    thread.join()


def test_everybody_who_listens_for_a_job_hears_what_a_thread_tells() -> None:
    async def listen() -> None:
        news = JobNews()
        with news.listening("a") as first, news.listening("a") as second:
            told_by_a_thread(news, "a")
            await asyncio.wait_for(asyncio.gather(first.wait(), second.wait()), 60)

    asyncio.run(listen())


def test_who_listens_for_another_job_or_no_longer_hears_nothing() -> None:
    async def listen() -> None:
        news = JobNews()
        with news.listening("b") as other:
            with news.listening("a") as former:
                pass
            told_by_a_thread(news, "a")
            with news.listening("a") as later:
                told_by_a_thread(news, "a")
                await asyncio.wait_for(later.wait(), 60)
        assert not other.is_set()
        assert not former.is_set()

    asyncio.run(listen())


def test_word_may_come_again() -> None:
    async def listen() -> None:
        news = JobNews()
        with news.listening("a") as heard:
            for _ in range(2):
                heard.clear()
                told_by_a_thread(news, "a")
                await asyncio.wait_for(heard.wait(), 60)

    asyncio.run(listen())


def test_a_listener_that_fails_is_forgotten() -> None:
    async def listen() -> None:
        news = JobNews()
        with pytest.raises(ValueError, match="x"), news.listening("a"):
            raise ValueError("x")
        assert not news._listeners

    asyncio.run(listen())
