"""What an export tells its user: codes, levels, and texts in English and Korean."""

from __future__ import annotations

from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.messages import LogMessageCode, register_log_messages

__all__ = ["ExportLogMessageCode"]

_INFO, _SUCCESS, _WARNING, _ERROR = LogLevel.INFO, LogLevel.SUCCESS, LogLevel.WARNING, LogLevel.ERROR


class ExportLogMessageCode(LogMessageCode):
    """Codes of export messages; stable, so that a user interface may look for them. The value is the name."""

    EXPORT_INITIALIZED = "EXPORT_INITIALIZED", _INFO
    EXPORT_FETCH_IN_PROGRESS = "EXPORT_FETCH_IN_PROGRESS", _INFO
    EXPORT_RESULTS_FETCHED = "EXPORT_RESULTS_FETCHED", _INFO
    EXPORT_CONVERTING = "EXPORT_CONVERTING", _INFO
    EXPORT_CONVERTED = "EXPORT_CONVERTED", _INFO
    EXPORT_SAVING_FILES = "EXPORT_SAVING_FILES", _INFO
    EXPORT_FILES_SAVED = "EXPORT_FILES_SAVED", _INFO
    EXPORT_SAVING_ORIGINAL = "EXPORT_SAVING_ORIGINAL", _INFO
    EXPORT_SAVING_JSON = "EXPORT_SAVING_JSON", _INFO
    EXPORT_STARTING = "EXPORT_STARTING", _INFO
    EXPORT_CONVERTING_DATASET = "EXPORT_CONVERTING_DATASET", _INFO
    EXPORT_DELEGATED_TO_SERVER = "EXPORT_DELEGATED_TO_SERVER", _INFO
    EXPORT_DELEGATED_COMPLETED = "EXPORT_DELEGATED_COMPLETED", _INFO
    EXPORT_COMPLETED = "EXPORT_COMPLETED", _SUCCESS
    EXPORT_NO_RESULTS = "EXPORT_NO_RESULTS", _WARNING
    EXPORT_FILES_SAVED_WITH_FAILURES = "EXPORT_FILES_SAVED_WITH_FAILURES", _WARNING
    EXPORT_COMPLETED_WITH_FAILURES = "EXPORT_COMPLETED_WITH_FAILURES", _WARNING
    EXPORT_COMPLETED_WITH_MISSING_PAGES = "EXPORT_COMPLETED_WITH_MISSING_PAGES", _WARNING
    EXPORT_FAILED_PARTIAL_UNSUPPORTED = "EXPORT_FAILED_PARTIAL_UNSUPPORTED", _WARNING
    EXPORT_FAILED_BATCH_PARTIAL = "EXPORT_FAILED_BATCH_PARTIAL", _WARNING
    EXPORT_FAILED_LARGE_DATA = "EXPORT_FAILED_LARGE_DATA", _ERROR
    EXPORT_FAILED_PLUGIN = "EXPORT_FAILED_PLUGIN", _ERROR
    EXPORT_FAILED_PLUGIN_ENVIRONMENT = "EXPORT_FAILED_PLUGIN_ENVIRONMENT", _ERROR
    EXPORT_FAILED_STATUS_SYNC = "EXPORT_FAILED_STATUS_SYNC", _ERROR
    EXPORT_FAILED_AGENT_PERMISSION = "EXPORT_FAILED_AGENT_PERMISSION", _ERROR
    EXPORT_FAILED_SERVER_CONNECTION = "EXPORT_FAILED_SERVER_CONNECTION", _ERROR
    EXPORT_FAILED_CONNECTION_LOST = "EXPORT_FAILED_CONNECTION_LOST", _ERROR
    EXPORT_FAILED_FILE_INFO_MISSING = "EXPORT_FAILED_FILE_INFO_MISSING", _ERROR
    EXPORT_FAILED_SDK_ENVIRONMENT = "EXPORT_FAILED_SDK_ENVIRONMENT", _ERROR
    EXPORT_FAILED_V2_NOT_WIRED = "EXPORT_FAILED_V2_NOT_WIRED", _ERROR
    EXPORT_FAILED_DOWNLOAD_INTERRUPTED = "EXPORT_FAILED_DOWNLOAD_INTERRUPTED", _ERROR
    EXPORT_FAILED_READ_TIMEOUT = "EXPORT_FAILED_READ_TIMEOUT", _ERROR
    EXPORT_FAILED_RESPONSE_INCOMPLETE = "EXPORT_FAILED_RESPONSE_INCOMPLETE", _ERROR
    EXPORT_FAILED_RESPONSE_ENDED = "EXPORT_FAILED_RESPONSE_ENDED", _ERROR
    EXPORT_FAILED_CHUNK_RETRIES_EXHAUSTED = "EXPORT_FAILED_CHUNK_RETRIES_EXHAUSTED", _ERROR
    EXPORT_FAILED_TRANSIENT = "EXPORT_FAILED_TRANSIENT", _ERROR
    EXPORT_FAILED_ADMIN_CONTACT = "EXPORT_FAILED_ADMIN_CONTACT", _ERROR
    EXPORT_FAILED_FILE_NOT_FOUND = "EXPORT_FAILED_FILE_NOT_FOUND", _ERROR
    EXPORT_FAILED_FILE_ALREADY_EXISTS = "EXPORT_FAILED_FILE_ALREADY_EXISTS", _ERROR
    EXPORT_FAILED_DATA_FORMAT = "EXPORT_FAILED_DATA_FORMAT", _ERROR
    EXPORT_FAILED_NETWORK = "EXPORT_FAILED_NETWORK", _ERROR
    EXPORT_FAILED_STORAGE_UNSUPPORTED = "EXPORT_FAILED_STORAGE_UNSUPPORTED", _ERROR
    EXPORT_FAILED_STEP = "EXPORT_FAILED_STEP", _ERROR
    EXPORT_FAILED_BAD_REQUEST = "EXPORT_FAILED_BAD_REQUEST", _ERROR
    EXPORT_FAILED_RATE_LIMITED = "EXPORT_FAILED_RATE_LIMITED", _ERROR


_PAIRS = {
    "EXPORT_INITIALIZED": ("The storage and the output folder are ready.", "저장소와 출력 폴더가 준비되었습니다."),
    "EXPORT_FETCH_IN_PROGRESS": ("{count} items fetched so far.", "현재까지 {count}건을 조회했습니다."),
    "EXPORT_RESULTS_FETCHED": ("{count} items found for the export.", "내보낼 항목 {count}건을 조회했습니다."),
    "EXPORT_CONVERTING": ("Converting {count} items.", "{count}건을 변환하는 중입니다."),
    "EXPORT_CONVERTED": ("{count} items converted.", "{count}건을 변환했습니다."),
    "EXPORT_SAVING_FILES": ("Saving the files of {count} items.", "{count}건의 파일을 저장하는 중입니다."),
    "EXPORT_FILES_SAVED": ("The files of {count} items are saved.", "{count}건의 파일을 저장했습니다."),
    "EXPORT_SAVING_ORIGINAL": ("Saving original files.", "원본 파일을 저장하는 중입니다."),
    "EXPORT_SAVING_JSON": ("Saving label files.", "라벨 파일을 저장하는 중입니다."),
    "EXPORT_STARTING": ("The export starts.", "내보내기를 시작합니다."),
    "EXPORT_CONVERTING_DATASET": ("Converting the dataset.", "데이터셋을 변환하는 중입니다."),
    "EXPORT_DELEGATED_TO_SERVER": (
        "The server collects the data of this export ({count} items).",
        "서버에서 내보낼 데이터를 수집합니다 ({count}건).",
    ),
    "EXPORT_DELEGATED_COMPLETED": (
        "The server has collected the data ({count} items).",
        "서버에서 데이터 수집을 완료했습니다 ({count}건).",
    ),
    "EXPORT_COMPLETED": ("The export is complete: {count} items.", "내보내기가 완료되었습니다: {count}건."),
    "EXPORT_NO_RESULTS": (
        "Nothing matches the filter, so nothing is exported.",
        "조건에 맞는 항목이 없어 내보낼 데이터가 없습니다.",
    ),
    "EXPORT_FILES_SAVED_WITH_FAILURES": (
        "{success} files are saved, {failed} failed; the error list names them.",
        "파일 {success}건을 저장했고 {failed}건은 실패했습니다. 오류 목록을 확인하세요.",
    ),
    "EXPORT_COMPLETED_WITH_FAILURES": (
        "The export is complete with failures: {exported} items exported, {failed} failed.",
        "내보내기가 일부 실패와 함께 완료되었습니다: 성공 {exported}건, 실패 {failed}건.",
    ),
    "EXPORT_COMPLETED_WITH_MISSING_PAGES": (
        "The export is partial: {exported} items exported, {pages} pages could not be fetched.",
        "내보내기가 일부만 완료되었습니다: {exported}건을 내보냈고 {pages}개 페이지를 조회하지 못했습니다.",
    ),
    "EXPORT_FAILED_PARTIAL_UNSUPPORTED": (
        "Some items hold annotations that this format does not support.",
        "일부 항목에 이 형식이 지원하지 않는 어노테이션이 있습니다.",
    ),
    "EXPORT_FAILED_BATCH_PARTIAL": (
        "The server answered a part of the requested items only.",
        "서버가 요청한 항목 중 일부만 응답했습니다.",
    ),
    "EXPORT_FAILED_LARGE_DATA": (
        "The export failed: the server took too long to answer; narrow the filter or lower the page size.",
        "내보내기 실패: 서버 응답 시간이 초과되었습니다. 필터 범위를 좁히거나 페이지 크기를 줄이세요.",
    ),
    "EXPORT_FAILED_PLUGIN": (
        "The export failed: the plugin raised an error.",
        "내보내기 실패: 플러그인에서 오류가 발생했습니다.",
    ),
    "EXPORT_FAILED_PLUGIN_ENVIRONMENT": (
        "The export failed: a package that the plugin needs is not installed.",
        "내보내기 실패: 플러그인에 필요한 패키지가 설치되어 있지 않습니다.",
    ),
    "EXPORT_FAILED_STATUS_SYNC": (
        "The export failed: the state of the job could not be told to the server.",
        "내보내기 실패: 작업 상태를 서버와 동기화하지 못했습니다.",
    ),
    "EXPORT_FAILED_AGENT_PERMISSION": (
        "The export failed: permission denied; check the rights on the server, the agent and the storage.",
        "내보내기 실패: 권한이 없습니다. 서버, 에이전트, 저장소의 권한을 확인하세요.",
    ),
    "EXPORT_FAILED_SERVER_CONNECTION": (
        "The export failed: the server cannot be reached; try again later.",
        "내보내기 실패: 서버에 연결할 수 없습니다. 잠시 후 다시 시도하세요.",
    ),
    "EXPORT_FAILED_CONNECTION_LOST": (
        "The export failed: the server closed the connection; try again.",
        "내보내기 실패: 서버와의 연결이 끊어졌습니다. 다시 시도하세요.",
    ),
    "EXPORT_FAILED_FILE_INFO_MISSING": (
        "The export failed: file information is missing in the data.",
        "내보내기 실패: 데이터에 파일 정보가 없습니다.",
    ),
    "EXPORT_FAILED_SDK_ENVIRONMENT": (
        "The export failed: the environment of the export tool is incomplete.",
        "내보내기 실패: 내보내기 도구의 실행 환경이 올바르지 않습니다.",
    ),
    "EXPORT_FAILED_V2_NOT_WIRED": (
        "The export failed: it needs the second interface of the server, which is not configured.",
        "내보내기 실패: v2 클라이언트가 설정되어 있지 않습니다.",
    ),
    "EXPORT_FAILED_DOWNLOAD_INTERRUPTED": (
        "The export failed: a download was interrupted; try again.",
        "내보내기 실패: 다운로드가 중단되었습니다. 다시 시도하세요.",
    ),
    "EXPORT_FAILED_READ_TIMEOUT": (
        "The export failed: reading from the server timed out.",
        "내보내기 실패: 서버 읽기 시간이 초과되었습니다.",
    ),
    "EXPORT_FAILED_RESPONSE_INCOMPLETE": (
        "The export failed: an answer of the server was incomplete.",
        "내보내기 실패: 서버 응답이 불완전합니다.",
    ),
    "EXPORT_FAILED_RESPONSE_ENDED": (
        "The export failed: an answer of the server ended early.",
        "내보내기 실패: 서버 응답이 도중에 종료되었습니다.",
    ),
    "EXPORT_FAILED_CHUNK_RETRIES_EXHAUSTED": (
        "The export failed: a part of the data could not be fetched after several attempts.",
        "내보내기 실패: 여러 번 시도했지만 데이터 일부를 조회하지 못했습니다.",
    ),
    "EXPORT_FAILED_TRANSIENT": (
        "The export failed for a reason that may pass; try again.",
        "내보내기 실패: 일시적인 오류입니다. 다시 시도하세요.",
    ),
    "EXPORT_FAILED_ADMIN_CONTACT": (
        "The export failed; contact the administrator with the log of this job.",
        "내보내기 실패: 작업 로그와 함께 관리자에게 문의하세요.",
    ),
    "EXPORT_FAILED_FILE_NOT_FOUND": (
        "The export failed: a file was not found.",
        "내보내기 실패: 파일을 찾을 수 없습니다.",
    ),
    "EXPORT_FAILED_FILE_ALREADY_EXISTS": (
        "The export failed: a file exists already.",
        "내보내기 실패: 파일이 이미 존재합니다.",
    ),
    "EXPORT_FAILED_DATA_FORMAT": (
        "The export failed: the data do not have the expected form.",
        "내보내기 실패: 데이터 형식이 올바르지 않습니다.",
    ),
    "EXPORT_FAILED_NETWORK": (
        "The export failed: the server answered with an error.",
        "내보내기 실패: 서버가 오류를 응답했습니다.",
    ),
    "EXPORT_FAILED_STORAGE_UNSUPPORTED": (
        "The export failed: this kind of storage is not supported.",
        "내보내기 실패: 지원하지 않는 저장소 유형입니다.",
    ),
    "EXPORT_FAILED_STEP": (
        "The export failed in the step '{failed_step}'.",
        "'{failed_step}' 단계에서 내보내기가 실패했습니다.",
    ),
    "EXPORT_FAILED_BAD_REQUEST": (
        "The export failed: the server refused the request; check the filter.",
        "내보내기 실패: 서버가 요청을 거부했습니다. 필터를 확인하세요.",
    ),
    "EXPORT_FAILED_RATE_LIMITED": (
        "The export failed: too many requests; try again later.",
        "내보내기 실패: 요청이 너무 많습니다. 잠시 후 다시 시도하세요.",
    ),
}

register_log_messages(
    {ExportLogMessageCode[name]: {"en": english, "ko": korean} for name, (english, korean) in _PAIRS.items()}
)
