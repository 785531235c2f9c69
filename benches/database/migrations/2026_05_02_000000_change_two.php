<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::table('t01', fn (Blueprint $table) => $table->string('found')->default(''));
        DB::table('t01')->where('id', '<=', 1000)->update(['found' => 'yes']);
        DB::table('t02')->where('id', '<=', 1000)->update(['title' => 'kept']);
    }
};
