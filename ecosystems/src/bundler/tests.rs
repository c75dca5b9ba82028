use super::*;
use crate::testing::{caches, needs};

const RUBY: &str = "FROM ruby:3.3\nWORKDIR /app\nCOPY . .\n";

fn of(run: &str, files: &[(&str, &str)]) -> String {
    needs(&Bundler, &format!("{RUBY}RUN {run}\n"), files)
}

/// What `bundle install` needs of a Gemfile and other files.
fn with(gemfile: &str, files: &[(&str, &str)]) -> String {
    let all: Vec<_> = [("Gemfile", gemfile)].into_iter().chain(files.iter().copied()).collect();
    let needs = of("bundle install", &all);
    needs.replace("install /app; files ", "").replace("; outputs vendor/bundle", "")
}

fn cache(file: &str) -> String {
    caches(&Bundler, file, &[])
}

#[test]
fn an_install_reads_gemfile_and_lock() {
    let files = [
        ("Gemfile", "source 'https://rubygems.org'\ngem 'rake'\n"),
        ("Gemfile.lock", "GEM\n"),
        ("app.rb", ""),
    ];
    for run in [
        "bundle install",
        "bundle",
        "bundle -j4 --retry=3",
        "bundler install --jobs 4 --quiet",
        "cd /app && bundle i",
    ] {
        assert_eq!(
            of(run, &files),
            "install /app; files Gemfile Gemfile.lock; outputs vendor/bundle; rewritten Gemfile.lock",
            "{run}"
        );
    }
    for run in ["bundle install --deployment", "bundle install --without development test --frozen"] {
        assert_eq!(
            of(run, &files),
            "install /app; files Gemfile Gemfile.lock; outputs .bundle vendor/bundle",
            "{run}"
        );
    }
    assert_eq!(
        of("bundle install --path=vendor/gems --binstubs", &files),
        "install /app; files Gemfile Gemfile.lock; outputs .bundle bin vendor/bundle vendor/gems; rewritten Gemfile.lock"
    );
    assert_eq!(
        of("cd sub && bundle install --frozen", &[("Gemfile", ""), ("sub/x", "")]),
        "install /app/sub; files /app/Gemfile; outputs /app/.bundle /app/vendor/bundle"
    );
    assert_eq!(
        of("bundle install --gemfile gemfiles/a.rb", &[("gemfiles/a.rb", ""), ("gemfiles/a.rb.lock", "")]),
        "install /app; files gemfiles/a.rb gemfiles/a.rb.lock; outputs gemfiles/vendor/bundle; rewritten gemfiles/a.rb.lock"
    );
    assert_eq!(
        of("bundle install", &[("gems.rb", ""), ("gems.locked", "")]),
        "install /app; files gems.locked gems.rb; outputs vendor/bundle; rewritten gems.locked"
    );
    assert_eq!(
        of("bundle install", &[("app.rb", "")]),
        "refused: no Gemfile is copied from the build context to /app"
    );
}

#[test]
fn other_commands_are_opaque() {
    let files = [("Gemfile", "")];
    for run in [
        "bundle exec rake",
        "bundle update",
        "bundle install $ARGS",
        "bundle install --without a $GROUPS",
        "bundle cache",
        "bundle install --frobnicate",
        "bundle --version",
        "bundle config list",
        "bundle config set path $P",
        "bundle config local.x ../x",
        "bundle install rake",
        "BUNDLE_GEMFILE=x bundle install",
        "bundle $X",
        "bundle install --path=${P:-vendor}",
    ] {
        assert_eq!(of(run, &files), "opaque", "{run}");
    }
}

#[test]
fn a_gemfile_is_followed() {
    assert_eq!(
        with("", &[(".ruby-version", "3.3"), (".tool-versions", "")]),
        ".ruby-version .tool-versions Gemfile"
    );
    assert_eq!(
        with(
            "eval_gemfile 'gemfiles/x.rb'",
            &[("gemfiles/x.rb", "require_relative '../lib/y'"), ("lib/y.rb", "")]
        ),
        "Gemfile gemfiles/x.rb lib/y.rb"
    );
    assert_eq!(with("ruby file: \".ruby-version\"", &[(".ruby-version", "3.3")]), ".ruby-version Gemfile");
    let stringer =
        "f = File.expand_path(\".ruby-version\", __dir__)\nruby File.read(f).chomp if File.readable?(f)\n";
    assert_eq!(with(stringer, &[(".ruby-version", "3.3")]), ".ruby-version Gemfile");
    assert_eq!(
        with("ruby File.read(File.join(File.dirname(__FILE__), 'v')).strip", &[("v", "")]),
        "Gemfile v"
    );
    assert_eq!(
        with("x = YAML.load_file(File.expand_path('../c.yml', __FILE__))", &[("c.yml", "")]),
        "Gemfile c.yml"
    );
    assert_eq!(with("eval_gemfile 'x' if File.exist?('no')", &[("x", "")]), "Gemfile x");
    assert_eq!(
        with("gem 'x' if ENV['DB'] == 'pg' || ENV.fetch('RAILS', '7')", &[]),
        "Gemfile; variables DB RAILS"
    );
    assert_eq!(
        with(
            "# Dir['x']\ngem 'x', git: 'https://x', require: 'x/y'\nsource 'https://x' do\n gem 'y'\nend",
            &[]
        ),
        "Gemfile"
    );
}

/// Ruby opens files from the working directory, wherever the code lies that does.
#[test]
fn what_is_read_is_seen_from_the_working_directory() {
    let helper = "require_relative 'lib/h'";
    for (gemfile, files, wanted) in [
        (helper, vec![("lib/h.rb", "X = File.read('c.json')"), ("c.json", "")], "Gemfile c.json lib/h.rb"),
        (
            helper,
            vec![("lib/h.rb", "YAML.load(File.open('./c.yml'))"), ("c.yml", ""), ("lib/c.yml", "")],
            "Gemfile c.yml lib/h.rb",
        ),
        (
            helper,
            vec![("lib/h.rb", "File.read(File.expand_path('../c', __dir__))"), ("c", "")],
            "Gemfile c lib/h.rb",
        ),
        (helper, vec![("lib/h.rb", "f = 'c'\nFile.read(f)"), ("c", "")], "Gemfile c lib/h.rb"),
        (helper, vec![("lib/h.rb", "open('c').read"), ("c", "")], "Gemfile c lib/h.rb"),
        (helper, vec![("lib/h.rb", "Tomlrb.load_file('c')"), ("c", "")], "Gemfile c lib/h.rb"),
        (
            "eval_gemfile 'gemfiles/a'",
            vec![
                ("gemfiles/a", "ruby File.read('../VERSION')\ngem 'x', path: 'x'"),
                ("VERSION", ""),
                ("gemfiles/x/x.gemspec", ""),
            ],
            "Gemfile gemfiles/a gemfiles/x/x.gemspec",
        ),
        (
            "gem 'x', path: 'x'",
            vec![
                ("x/x.gemspec", "require_relative 'lib/v'"),
                ("x/lib/v.rb", "File.read('VERSION')"),
                ("x/VERSION", ""),
            ],
            "Gemfile x/VERSION x/lib/v.rb x/x.gemspec",
        ),
        (
            "gem 'x', path: 'x'",
            vec![
                ("x/x.gemspec", "Dir.chdir(__dir__) { s.version = File.read('VERSION') }"),
                ("x/VERSION", ""),
            ],
            "refused: x/x.gemspec:1 reads Dir[...], so its inputs are not known",
        ),
        (
            "gem 'x', path: 'x'",
            vec![("x/x.gemspec", "Dir.chdir('..') do\ns.version = File.read('VERSION')\nend")],
            "refused: x/x.gemspec:1 reads Dir[\"..\"], so its inputs are not known",
        ),
        (
            "Pathname.new(__dir__).join('VERSION').read",
            vec![],
            "refused: Gemfile:1 reads a file by Pathname.new, so its inputs are not known",
        ),
        ("Pathname.new('VERSION').read", vec![("VERSION", "")], "Gemfile VERSION"),
    ] {
        assert_eq!(with(gemfile, &files), wanted, "{gemfile} {files:?}");
    }
    // What is put on the load path need not be `lib`.
    for put in [
        "$LOAD_PATH.unshift(File.expand_path('../own', __FILE__))",
        "$: << File.join(__dir__, 'own')",
        "$:.push 'own'",
    ] {
        let gemfile = format!("{put}\nrequire 'x/v'");
        assert_eq!(with(&gemfile, &[("own/x/v.rb", "")]), "Gemfile own/x/v.rb", "{gemfile}");
    }
    // The Gemfile is evaluated where bundler was called, not where it was found.
    let above =
        |gemfile| of("cd sub && bundle install --frozen", &[("Gemfile", gemfile), ("v", ""), ("sub/v", "")]);
    let outputs = "outputs /app/.bundle /app/vendor/bundle";
    assert_eq!(above("ruby File.read('v')"), format!("install /app/sub; files /app/Gemfile v; {outputs}"));
    assert_eq!(
        above("ruby File.read(File.join(__dir__, 'v'))"),
        format!("install /app/sub; files /app/Gemfile /app/v; {outputs}")
    );
}

#[test]
fn gems_of_the_project_need_their_gemspecs() {
    let spec = "Gem::Specification.new do |s|\ns.executables = ['x']\ns.files = `git ls-files`.split + Dir['lib/**/*']\nend";
    assert_eq!(
        with("gemspec", &[("x.gemspec", spec), ("bin/x", ""), ("bin/y", "")]),
        "Gemfile bin/x x.gemspec"
    );
    assert_eq!(
        with("gem 'a', path: 'engines/a'", &[("engines/a/a.gemspec", ""), ("engines/a/lib/a.rb", "")]),
        "Gemfile engines/a/a.gemspec"
    );
    assert_eq!(
        with("path 'engines' do\n gem 'a'\nend", &[("engines/a/a.gemspec", "")]),
        "Gemfile engines/a/a.gemspec"
    );
    let requires = "lib = File.expand_path('../lib', __FILE__)\n$LOAD_PATH.unshift(lib) unless $LOAD_PATH.include?(lib)\nrequire 'x/version'\nrequire 'English'";
    assert_eq!(
        with("gemspec", &[("x.gemspec", requires), ("lib/x/version.rb", "VERSION = '1'")]),
        "Gemfile lib/x/version.rb x.gemspec"
    );
    assert_eq!(
        with("gemspec", &[("x.gemspec", "s.description = File.read('README.md')"), ("README.md", "")]),
        "Gemfile README.md x.gemspec"
    );
    let lock = ("Gemfile.lock", "PATH\n  remote: engines/a\n  specs:\n");
    assert_eq!(
        of("bundle install --frozen", &[("Gemfile", ""), lock, ("engines/a/a.gemspec", "")]),
        "install /app; files Gemfile Gemfile.lock engines/a/a.gemspec; outputs .bundle vendor/bundle"
    );
}

/// In a block or behind a condition as well, in a helper, and in options that are handed on.
#[test]
fn gems_of_the_project_are_found_wherever_they_are_named() {
    let each = "%w[a b].each { |n| gem n, path: \"components/#{n}\" }";
    let refused = "refused: Gemfile:1 works out a path, so its inputs are not known";
    assert_eq!(with(each, &[("components/a/a.gemspec", "")]), refused);
    let lock = ("Gemfile.lock", "PATH\n  remote: components/a\n  specs:\n");
    let locked = [("Gemfile", each), lock, ("components/a/a.gemspec", "")];
    assert_eq!(of("bundle install", &locked), refused);
    assert_eq!(
        of("BUNDLE_FROZEN=true bundle install", &locked),
        "install /app; files Gemfile Gemfile.lock components/a/a.gemspec; outputs vendor/bundle; rewritten Gemfile.lock"
    );
    for gemfile in [
        "if ENV['A'] then gem 'a', path: 'b' end",
        "group(:x) { path('b') { gem 'a' } }",
        "o = { path: 'b' }\ngem 'a', **o",
        "group(:x) { gemspec path: 'b' }",
        "eval_gemfile('c')",
        "require_relative 'd'\nown 'a'",
    ] {
        let files = [
            ("b/b.gemspec", ""),
            ("c", "platforms(:ruby) { gem('a', :path => './b') }"),
            ("d.rb", "def own(name) = gem(name, path: 'b')"),
        ];
        let found = with(gemfile, &files);
        assert!(found.contains("b/b.gemspec"), "{gemfile}: {found}");
    }
}

#[test]
fn what_cannot_be_told_is_refused() {
    for (gemfile, reason) in [
        (
            "\nDir['gems/*'].each { |g| gem g }",
            "Gemfile:2 reads Dir[\"gems/*\"], so its inputs are not known",
        ),
        ("v = `git describe --tags`", "Gemfile:1 runs `git describe`, so its inputs are not known"),
        (
            "gem 'a', path: '../shared'",
            "Gemfile:1 takes a gem from /shared, which is not in the build context",
        ),
        ("gem 'a', path: root + '/a'", "Gemfile:1 works out a path, so its inputs are not known"),
        ("gem 'a', :path => 'b'", "Gemfile:1 takes a gem from b, which has no gemspec"),
        ("instance_eval File.read('x')", "Gemfile:1 calls instance_eval, so its inputs are not known"),
        ("File.read(name)", "Gemfile:1 reads a file by File.read, so its inputs are not known"),
        ("File.read(\"x#{1}\")", "Gemfile:1 reads a file by File.read, so its inputs are not known"),
        ("ENV.each { }", "Gemfile:1 reads the environment, so its inputs are not known"),
        ("plugin 'x'", "Gemfile:1 installs a plugin of bundler, which may do anything"),
        ("eval_gemfile 'no'", "Gemfile:1 loads no, which is not in the build context"),
        (
            "gem 'a', git: '../a'",
            "Gemfile:1 takes a gem from a git repository on disk, so its inputs are not known",
        ),
        ("gem 'a", "Gemfile is not understood as Ruby"),
        ("gemspec", "Gemfile:1 takes a gem from ., which has no gemspec"),
    ] {
        assert_eq!(with(gemfile, &[("b/x", "")]), format!("refused: {reason}"), "{gemfile}");
    }
    for (spec, reason) in [
        (
            "s.executables = s.files.grep(%r{^exe/}) { |f| File.basename(f) }",
            "x.gemspec:1 looks for its executables, so its inputs are not known",
        ),
        ("s.version = `git describe`", "x.gemspec:1 runs `git describe`, so its inputs are not known"),
        (
            "s.extensions = ['ext/x/extconf.rb']",
            "x.gemspec:1 builds an extension, so its inputs are not known",
        ),
    ] {
        assert_eq!(with("gemspec", &[("x.gemspec", spec)]), format!("refused: {reason}"), "{spec}");
    }
    let vendored = [("Gemfile", ""), ("vendor/cache/a.gem", "")];
    assert_eq!(
        of("bundle install", &vendored),
        "refused: vendor/cache holds gems, which the install brings up to date"
    );
    assert_eq!(
        of("bundle install --local", &vendored),
        "install /app; files Gemfile; directories vendor/cache; outputs vendor/bundle"
    );
}

/// What is not fetched is there already, perhaps in the build context.
#[test]
fn a_local_install_takes_the_gems_that_are_there() {
    let refused = "refused: with --local it takes the gems that are there, and those in vendor/bundle may come from the \
                   build context";
    assert_eq!(
        of("bundle install --local", &[("Gemfile", ""), ("vendor/bundle/ruby/3.3.0/gems/a/x", "")]),
        refused
    );
    assert_eq!(of("bundle install --local", &[("Gemfile", "")]), refused);
    assert_eq!(
        of("bundle install --local", &[("Gemfile", ""), (".dockerignore", "vendor/bundle")]),
        "install /app; files Gemfile; outputs vendor/bundle"
    );
}

#[test]
fn settings_are_part_of_the_project() {
    let config = [("Gemfile", ""), (".bundle/config", "---\nBUNDLE_PATH: \"gems\"\n")];
    assert_eq!(
        of("bundle install", &config),
        "install /app; files .bundle/config Gemfile; outputs gems vendor/bundle"
    );
    assert_eq!(
        of("bundle install --deployment", &config),
        "refused: the install writes its options to .bundle/config, which is copied too"
    );
    assert_eq!(
        of("bundle install", &[("Gemfile", ""), (".bundle/config", "---\nBUNDLE_GEMFILE: x\n")]),
        "refused: .bundle/config:2 sets BUNDLE_GEMFILE"
    );
    assert_eq!(of("bundle config --global frozen 1", &[("Gemfile", "")]), "install /app; files Gemfile");
    assert_eq!(of("bundle config build.nokogiri --use-system-libraries", &[]), "install ?");
    assert_eq!(
        of("bundle config set --local path .gems", &[("Gemfile", "")]),
        "install /app; files Gemfile; outputs .bundle .gems"
    );
}

#[test]
fn gems_in_an_odd_place_of_the_project_stay_where_they_are() {
    let writes = |env: &str| {
        let text = format!("FROM ruby:3.3\nENV BUNDLE_PATH={env}\nWORKDIR /app\nRUN bundle install\n");
        let file = dockfix_syntax::Dockerfile::parse(text.as_bytes());
        let build = dockfix_model::build::Build::of(&file);
        let step = build.stages[0].steps.last().unwrap();
        let chain = dockfix_model::commands::Chain::of(&step.instruction, &step.state).unwrap();
        let usage = Bundler.recognise(chain.invocations()[0], &step.state).unwrap();
        usage.effects.writes.overlaps(&Paths::below(vec![ImagePath::absolute("/app").unwrap()]))
    };
    assert!(writes("/app/.gems"));
    assert!(!writes("vendor/bundle"));
    assert!(!writes("/gems"));
}

#[test]
fn archives_and_index_are_kept() {
    let run = "RUN bundle install\n";
    assert_eq!(
        cache(&format!("FROM ruby:3.3\n{run}")),
        "/usr/local/bundle/cache pure locked; /root/.bundle/cache pure locked"
    );
    assert_eq!(
        cache(&format!("FROM ruby:3.3\nENV BUNDLE_PATH=/usr/local/bundle BUNDLE_DEPLOYMENT=1\n{run}")),
        "/root/.bundle/cache pure locked"
    );
    assert_eq!(
        cache(&format!("FROM ruby:3.3\nENV BUNDLE_PATH=/gems\n{run}")),
        "/root/.bundle/cache pure locked"
    );
    assert_eq!(cache("FROM ruby:3.3\nRUN bundle install --deployment\n"), "/root/.bundle/cache pure locked");
    assert_eq!(cache(&format!("FROM ruby:3.3\nUSER app\n{run}")), "/usr/local/bundle/cache pure locked");
    assert_eq!(
        cache(&format!("FROM ruby:3.3\nENV BUNDLE_USER_CACHE=/c\n{run}")),
        "/usr/local/bundle/cache pure locked; /c pure locked"
    );
    assert_eq!(cache(&format!("FROM debian\n{run}")), "/root/.bundle/cache pure locked");
    assert_eq!(cache("FROM ruby:3.3\nRUN bundle config set path x\n"), "");
    assert_eq!(cache("FROM ruby:3.3\nRUN bundle install --local\n"), "");
}
